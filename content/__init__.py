"""What people should know: lessons in both languages, and what is missing or stale among them.

- ``library``   pure: load and render lessons (TOML between two ``+++`` lines, then Markdown)
- ``check``     pure: what keeps a lesson from being shown with a good conscience
- ``spelling``  pure: Lesotho spelling against South African
- ``web`` ``commands``  the edge: ``/<lang>/learn`` and ``flask content check``

A new lesson: the same slug in ``en/`` and ``st/``; ``flask --app app content check`` says what it lacks.
"""
