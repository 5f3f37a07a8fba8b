"""Alembic's entry: runs on the connection that ``tipline.migrate`` hands it, inside its transaction."""

from __future__ import annotations

from alembic import context

from tipline.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
