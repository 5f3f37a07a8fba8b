"""The forms of what the API answers about figures: counts, never a name."""

from __future__ import annotations

from marshmallow import Schema, fields


class FiguresOut(Schema):
    """Counts of a desk's tips."""

    stages = fields.Dict(required=True, keys=fields.String(), values=fields.Integer())
    priorities = fields.Dict(required=True, keys=fields.String(), values=fields.Integer())
    overdue = fields.Integer(required=True)


class MonthOut(Schema):
    """How a desk's matters ended in a month: tips by result, people as counted at closing; no names."""

    month = fields.String(required=True)
    closed = fields.Integer(required=True)
    told = fields.Integer(required=True, metadata={"description": "Tips of which the police were told"})
    results = fields.Dict(required=True, keys=fields.String(), values=fields.Integer())
    people = fields.Dict(required=True, keys=fields.String(), values=fields.Integer())


class SummaryOut(FiguresOut):
    """Counts of the desk's tips; for supervisors only ``desks`` (the other desks' counts) and ``months`` (outcomes)."""

    median_hours_to_first_look = fields.Float(required=True, allow_none=True)
    desks = fields.Dict(keys=fields.String(), values=fields.Nested(FiguresOut))
    months = fields.List(fields.Nested(MonthOut))
