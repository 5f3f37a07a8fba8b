"""The composition root: settings → database → carriers → blueprints → commands. No logic, and nothing imports it."""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

import content.commands
import content.library
import content.web
import sms.calls
import sms.copies
import sms.phone
import sms.sender
import sms.ussd_door
import sms.webhooks
import tipline.web.accounts
import tipline.web.api
import tipline.web.commands
import tipline.web.desk
import tipline.web.desk_closing
import tipline.web.desk_police
import tipline.web.desk_retention
import tipline.web.desk_triage
import tipline.web.health
import tipline.web.pages
import tipline.web.public
from sms import providers, ussd
from sms.menu import Lesson
from tipline import demo, jobs, mail, services
from tipline import settings as settings_module
from tipline.database import Database
from tipline.house import House
from tipline.settings import Settings
from tipline.web import compress, errors, headers, limits, locale, logs

MAX_BODY = 512 * 1024  # bytes; each door has its own, smaller limit


def create_app(settings: Settings | None = None) -> Flask:
    """Put one instance together. SettingsError names every setting that is wrong."""
    logs.init_logs()
    settings = settings or tipline.web.commands.read_settings(settings_module.load)
    app = Flask(__name__, static_folder=None)
    app.config.update(TIPLINE=settings, MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=MAX_BODY)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    gateways = providers.load(settings)
    sender = sms.sender.CarrierSender(
        gateways,
        settings.carriers,
        lambda: house.clock(),  # noqa: PLW0108 - set below
        by_kind=settings.carriers_by_kind,
        prices=settings.prices,
    )
    spoken = sms.sender.SmsWords()
    house = House(
        settings=settings,
        database=Database(settings.database_url),
        words=spoken,
        sender=mail.MailSender(sender, settings.smtp, spoken.alert),
        second_factor=demo.second_factor(settings),
    )
    huey = jobs.make_huey(settings.database_url, settings.var)
    work = jobs.Jobs(huey, house, sms.copies.CarrierCopies(gateways), [sms.ussd_door.finalise])
    house.wake = work.wake
    own = settings.var / services.FILE
    lessons = {
        lang: [Lesson(one.slug, one.short, one.ussd) for one in content.library.load(lang) if one.ussd]
        for lang in ("st", "en")
    }
    app.extensions.update(
        tipline=house,
        tipline_jobs=work,
        tipline_gateways=gateways,
        tipline_send_test=sender.test,
        tipline_menu=ussd.load_menu(lessons=lessons, services=services.confirmed_contacts(own=own)),
    )

    locale.init_locale(app)
    compress.init_compress(app)
    headers.init_headers(app, https=settings.base_url.startswith("https:"))
    errors.init_errors(app)
    limits.init_limits(app, settings.limits_url)
    app.register_blueprint(tipline.web.health.blueprint)
    app.register_blueprint(tipline.web.pages.blueprint)
    app.register_blueprint(tipline.web.public.blueprint)
    app.register_blueprint(tipline.web.desk.blueprint)
    app.register_blueprint(tipline.web.desk_retention.blueprint)
    app.register_blueprint(tipline.web.desk_closing.blueprint)
    app.register_blueprint(tipline.web.desk_police.blueprint)
    app.register_blueprint(tipline.web.desk_triage.blueprint)
    app.register_blueprint(tipline.web.accounts.blueprint)
    app.register_blueprint(content.web.blueprint)
    app.register_blueprint(sms.webhooks.blueprint)
    app.register_blueprint(sms.calls.blueprint)
    app.register_blueprint(sms.ussd_door.blueprint)
    if settings.demo:
        app.register_blueprint(sms.phone.blueprint)
    tipline.web.api.init_api(app)
    tipline.web.commands.init_commands(app)
    app.cli.add_command(content.commands.content_cli)
    app.context_processor(_everywhere(settings))

    static = WhiteNoise(app.wsgi_app, add_headers_function=headers.harden_static)
    static.add_files(app.root_path + "/static", prefix="static/")
    app.wsgi_app = static  # type: ignore[method-assign]
    if settings.demo:
        app.wsgi_app = demo.LoopbackOnly(app.wsgi_app)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        proxies = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app


def _everywhere(settings: Settings) -> Any:  # noqa: ANN401 - a context processor
    own = settings.var / services.FILE

    def values() -> dict[str, Any]:
        return {"site_name": settings.name, "demo": settings.demo, "emergency_contacts": services.emergency(own)}

    return values
