"""The phones wing: SMS and USSD for phones without internet.

Pure dialogue: ``conversation`` (what to say to a text), ``ussd`` with ``menu`` (screens), ``segments`` (how
long a text is on the air). Words are data: ``messages.toml``, ``words.toml``, ``menu.toml``. Edges:
``webhooks``, ``sender`` and one file a carrier in ``providers``.
"""
