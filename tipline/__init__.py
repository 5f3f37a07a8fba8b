"""The house: from a report to its outcome.

Start at ``intake.submit`` (the front door), then ``app.py`` (where everything is put together).

- ``intake``    every channel comes in here: advise, route, seal, keep
- ``followup``  the reporter returns with a receipt: open, read, add
- ``triage`` ``routing`` ``places`` ``language`` ``lifecycle``  pure rules; their words are data beside them
- ``queue`` ``clocks`` ``news`` ``at_once``  what stands where, what is late, what is unread, who else is there
- ``matters`` ``merging``  two reports of one matter, in one desk's queue
- ``rules`` ``rulebook``  routing as an administrator edits it, version by version
- ``casework`` ``case``  what a desk does: take, move, note, reply, close; a person's hold on one tip
- ``referrals`` ``escalation`` ``exclusions``  another desk is asked; nobody answers; a desk loses its keys
- ``assessment`` ``assessing`` ``priority``  what a human finds of a tip and how urgent they say it is; advice beside it
- ``duty`` ``police_report`` ``approval`` ``outcomes``  the police told or a reason why not; how matters end
- ``accounts`` ``desks`` ``drill``  people, their keys, the desks whose keys they hold; the paper key tried
- ``retention`` ``destruction`` ``withdrawal``  what is forgotten by itself, what a closed tip says, what is taken back
- ``audit`` ``audit_check`` ``trail``  the log of what staff did: written, checked, read
- ``drafts`` ``replies``  what a caseworker has begun to write; answers ready in both languages
- ``outbox``    promises made inside a transaction, kept after it
- ``sealing``   all cryptography, and nothing else
- ``receipts``  the sixteen digits a reporter comes back with
- ``models`` ``database`` ``settings`` ``jobs``  tables, sessions, settings, background work
- ``prepared``  statements of the hot paths, past SQLAlchemy's execution machinery
- ``web``       the thin edge: public pages, desk, API, commands

Nothing here (``web`` apart) knows Flask, and nothing here imports ``sms`` or ``content``.
"""
