"""All settings, read from the environment and ``.env``; ``.env.example`` explains each.

Without any of them the development shop runs: embedded PostgreSQL, no broker, no Redis.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers
from decouple import Csv
from django.core.exceptions import ImproperlyConfigured

from nexus import configuration
from nexus.embedded import embedded_settings

ROOT = Path(__file__).resolve().parent.parent
config = configuration.Configuration(ROOT)

# --- Core ---------------------------------------------------------------------------------------
DEVELOPMENT_KEY = "development-key-not-for-production-0123456789abcdef0123456789abcdef"

DEBUG = config("DEBUG", default=True, cast=bool)
SECRET_KEY = config("SECRET_KEY", default=DEVELOPMENT_KEY)
ALLOWED_HOSTS = config(
    "ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1],testserver" if DEBUG else "", cast=Csv()
)
if not DEBUG:
    if SECRET_KEY == DEVELOPMENT_KEY or len(SECRET_KEY) < 32:
        raise ImproperlyConfigured(
            "With DEBUG=false, SECRET_KEY must be set to a secret of at least 32 characters. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured(
            "With DEBUG=false, ALLOWED_HOSTS must name the hosts to serve, separated by commas, "
            "for example ALLOWED_HOSTS=shop.example.com"
        )

PORT = configuration.port("PORT", config, default=8000)
PUBLIC_URL = config("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}" if DEBUG else "").rstrip("/")
if not DEBUG and not re.match(r"https?://(?!localhost\b|127\.|\[::1\])[^/\s]", PUBLIC_URL):
    raise ImproperlyConfigured(
        "With DEBUG=false, PUBLIC_URL must be the address at which customers reach the shop, "
        "for example PUBLIC_URL=https://shop.example.com"
    )
# Uvicorn reads it from the environment; `make run`, which starts uvicorn, from `.env` as well.
FORWARDED_ALLOW_IPS = config("FORWARDED_ALLOW_IPS", default="")
VAR = ROOT / config("VAR_DIR", default="var")

INSTALLED_APPS = [
    "nexus.admin.config.ShopAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "corsheaders",
    "graphene_django",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "nexus",
    "tasks",
    "tasks.webhooks",
    "users",
    "catalog",
    "commerce",
    "schema",
]
MIDDLEWARE = [
    "nexus.logging.RequestIdMiddleware",
    "nexus.health.HealthMiddleware",
    "nexus.metrics.MetricsMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "nexus.streaming.AsyncStreamingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "nexus.urls"
ASGI_APPLICATION = "nexus.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "nexus.formats"

# --- Database -----------------------------------------------------------------------------------
# Every connection gives up rather than hold others: milliseconds.
DATABASE_TIMEOUTS = {
    "statement_timeout": config("DATABASE_STATEMENT_TIMEOUT_MS", default=15_000, cast=int),
    "lock_timeout": config("DATABASE_LOCK_TIMEOUT_MS", default=5_000, cast=int),
    "idle_in_transaction_session_timeout": config(
        "DATABASE_IDLE_TIMEOUT_MS", default=30_000, cast=int
    ),
}
# PostgreSQL's compiler costs more than it saves on statements of milliseconds; and what it takes
# random reads to cost by default, disks that turn did: it would rather scan than use an index.
PLANNING = {"jit": "off", "random_page_cost": "1.1"}
# Empty: the embedded PostgreSQL, in VAR/postgres.
DATABASE_URL = config("DATABASE_URL", default="")
_database: dict[str, Any] = (
    configuration.database(DATABASE_URL) if DATABASE_URL else embedded_settings(VAR)
)
_database |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 5,
        **_database.get("OPTIONS", {}),
        "options": " ".join(
            f"-c {name}={value}" for name, value in {**DATABASE_TIMEOUTS, **PLANNING}.items()
        ),
    },
}
DATABASES = {"default": _database}
# Connections that one API process keeps for compiled reads.
READ_POOL_SIZE = config("READ_POOL_SIZE", default=8, cast=int)
# Threads, each with a connection, that one API process runs mutations in.
WRITE_POOL_SIZE = config("WRITE_POOL_SIZE", default=8, cast=int)
# Clients that one API process keeps connected for live updates.
SUBSCRIBED_CLIENTS = config("SUBSCRIBED_CLIENTS", default=5_000, cast=int)
# GraphQL requests that may wait for a thread of either pool; more are answered 503 at once.
REQUEST_QUEUE_SIZE = config("REQUEST_QUEUE_SIZE", default=200, cast=int)

# --- Cache --------------------------------------------------------------------------------------
REDIS_URL = config("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "nexus",
            "OPTIONS": {
                # A cache that is down or frozen is a miss within 100 ms, never an error.
                "IGNORE_EXCEPTIONS": True,
                "SOCKET_CONNECT_TIMEOUT": 0.1,
                "SOCKET_TIMEOUT": 0.1,
            },
        }
    }
    DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- Background jobs ----------------------------------------------------------------------------
# Empty: the same relay and worker over kombu's filesystem transport, in VAR/broker.
CELERY_BROKER_URL = config("CELERY_BROKER_URL", default="")
# What the names of exchanges and queues begin with: shops that share a broker differ in it.
BROKER_PREFIX = config("BROKER_PREFIX", default="nexus")
# How long a running job that no longer says so counts as running, and how long a sent one may
# wait unstarted before it is sent again.
JOB_LEASE = timedelta(seconds=config("JOB_LEASE_SECONDS", default=30, cast=float))
JOB_RESEND_AFTER = timedelta(seconds=config("JOB_RESEND_SECONDS", default=60, cast=float))
# How long rows are kept that look back: jobs that succeeded, those that did not, and what keyed
# requests made.
JOB_RETENTION = configuration.days("JOB_RETENTION_DAYS", config, default=30)
FAILED_JOB_RETENTION = configuration.days("FAILED_JOB_RETENTION_DAYS", config, default=90)
IDEMPOTENCY_RETENTION = configuration.days("IDEMPOTENCY_RETENTION_DAYS", config, default=30)
# What integrators' endpoints may be, which staff enter and anybody may own.
WEBHOOK_ALLOW_HTTP = config("WEBHOOK_ALLOW_HTTP", default=DEBUG, cast=bool)
WEBHOOK_ALLOW_PRIVATE_ADDRESSES = config(
    "WEBHOOK_ALLOW_PRIVATE_ADDRESSES", default=False, cast=bool
)

# --- Accounts -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
# E-mail addresses are unique whatever their case, by a constraint this check can't read.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in [
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    ]
]
AUTHENTICATION_BACKENDS = ["users.backends.ThrottledBackend"]
SESSION_ENGINE = "users.session_store"
ACCESS_TOKEN_LIFETIME = timedelta(seconds=config("ACCESS_TOKEN_SECONDS", default=300, cast=int))
REFRESH_TOKEN_LIFETIME = timedelta(days=config("REFRESH_TOKEN_DAYS", default=30, cast=int))
LOGIN_ATTEMPTS_PER_MINUTE = config("LOGIN_ATTEMPTS_PER_MINUTE", default=10, cast=int)
# Mails with links, which a storefront's pages take the token from.
EMAIL_VERIFICATION_URL = configuration.token_link(
    "EMAIL_VERIFICATION_URL", config, default=f"{PUBLIC_URL}/verify-email?token={{token}}"
)
PASSWORD_RESET_URL = configuration.token_link(
    "PASSWORD_RESET_URL", config, default=f"{PUBLIC_URL}/reset-password?token={{token}}"
)
EMAIL_VERIFICATION_LIFETIME = configuration.days("EMAIL_VERIFICATION_DAYS", config, default=7)
PASSWORD_RESET_LIFETIME = timedelta(minutes=config("PASSWORD_RESET_MINUTES", default=60, cast=int))
MAILS_PER_HOUR = config("MAILS_PER_HOUR", default=5, cast=int)
GRAPHQL_JWT = {
    "JWT_ALGORITHM": "HS256",
    "JWT_SECRET_KEY": SECRET_KEY,
    "JWT_ISSUER": "nexus",
    "JWT_AUDIENCE": "nexus",
    "JWT_EXPIRATION_DELTA": ACCESS_TOKEN_LIFETIME,
    "JWT_VERIFY_EXPIRATION": True,
    "JWT_DECODE_HANDLER": "users.tokens.decode",
    "JWT_AUTH_HEADER_PREFIX": "Bearer",
}

# --- Security -----------------------------------------------------------------------------------
# TLS ends at the gateway in front; HTTPS=true says that there is one.
HTTPS = config("HTTPS", default=not DEBUG, cast=bool)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = config("CSRF_TRUSTED_ORIGINS", default="", cast=Csv())
# Whose pages may call both APIs from their visitors' browsers, with cookies; by default no other
# site's. To change anything by a cookie they must be trusted above as well.
CORS_ALLOWED_ORIGINS = config("CORS_ALLOWED_ORIGINS", default="", cast=Csv())
CORS_ALLOW_CREDENTIALS = True
# Where nobody is let in, no answer says so.
CORS_URLS_REGEX = r"^/(api|graphql)(/|$)" if CORS_ALLOWED_ORIGINS else "(?!)"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("apollo-require-preflight", "graphql-require-preflight", "last-event-id"),
    *("idempotency-key", "if-match", "if-none-match", "order-token"),
]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id"]

# --- Files --------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
# GraphiQL's files, put there by `make`.
ASSETS = ROOT / "var" / "assets"
STATICFILES_DIRS = [ASSETS] if ASSETS.is_dir() else []
# In development, files come straight from where they are; in production from STATIC_ROOT.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
# Nobody fetches the files of imports: they are not among what is served.
IMPORT_ROOT = config("IMPORT_ROOT", default=str(VAR / "imports"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "imports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": IMPORT_ROOT},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(config("MEDIA_ROOT", default=str(VAR / "media")))
MEDIA_MAX_BYTES = config("MEDIA_MAX_BYTES", default=10_000_000, cast=int)
MEDIA_MAX_PIXELS = config("MEDIA_MAX_PIXELS", default=25_000_000, cast=int)
IMPORT_MAX_BYTES = config("IMPORT_MAX_BYTES", default=20_000_000, cast=int)
IMPORT_MAX_ROWS = config("IMPORT_MAX_ROWS", default=100_000, cast=int)
# How long files of imports are kept, and the reports on their rows.
IMPORT_RETENTION = configuration.days("IMPORT_RETENTION_DAYS", config, default=30)
THUMBNAIL_WIDTHS = sorted(config("THUMBNAIL_WIDTHS", default="160,320,640,1280", cast=Csv(int)))

# --- E-mail -------------------------------------------------------------------------------------
EMAIL_BACKEND = config("EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = config("EMAIL_HOST", default="localhost")
EMAIL_PORT = configuration.port("EMAIL_PORT", config, default=25)
EMAIL_HOST_USER = config("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = config("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = config("EMAIL_USE_TLS", default=False, cast=bool)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = config("DEFAULT_FROM_EMAIL", default="shop@example.com")

# --- The shop -----------------------------------------------------------------------------------
CURRENCY = configuration.currency(config("CURRENCY", default="EUR"))
PRICES_INCLUDE_TAX = config("PRICES_INCLUDE_TAX", default=False, cast=bool)
LOW_STOCK_THRESHOLD = config("LOW_STOCK_THRESHOLD", default=3, cast=int)
REVIEWS_MODERATED = config("REVIEWS_MODERATED", default=True, cast=bool)
CART_LIFETIME_DAYS = config("CART_LIFETIME_DAYS", default=30, cast=int)
QUOTE_LIFETIME = timedelta(minutes=config("QUOTE_LIFETIME_MINUTES", default=30, cast=int))
# How long a placed order may wait for its payment.
ORDER_PAYMENT_TIMEOUT = configuration.minutes("ORDER_PAYMENT_MINUTES", config, default=60)

# --- Payments -----------------------------------------------------------------------------------
# Whether the buyer's money is taken at checkout, or only reserved until staff capture it.
PAYMENT_CAPTURE = configuration.choice(
    "PAYMENT_CAPTURE", config, choices=["automatic", "manual"], default="automatic"
)
# Empty: Stripe is not offered.
STRIPE_SECRET_KEY = config("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = config("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = config("STRIPE_API_BASE", default="https://api.stripe.com")
STRIPE_TIMEOUT_SECONDS = config("STRIPE_TIMEOUT_SECONDS", default=10.0, cast=float)
# Test cards that take no money.
FAKE_PAYMENTS = config("FAKE_PAYMENTS", default=DEBUG, cast=bool)

# --- GraphQL limits -----------------------------------------------------------------------------
GRAPHQL_LIMITS = {
    name.lower(): config(f"GRAPHQL_{name}", default=default, cast=int)
    for name, default in {
        "MAX_BODY_BYTES": 1_000_000,
        "MAX_UPLOAD_BYTES": 20_000_000,
        "MAX_UPLOAD_FILES": 10,
        "MAX_DOCUMENT_BYTES": 32_768,
        "MAX_TOKENS": 4_000,
        # Fields of an operation once all fragments are put in; spreads of fragments; how often
        # one place asks for one response key: validating and planning take time for each.
        "MAX_FIELDS": 500,
        "MAX_SPREADS": 200,
        "MAX_REPEATS": 10,
        "MAX_DEPTH": 12,
        "MAX_INTROSPECTION_DEPTH": 20,
        "MAX_ALIASES": 30,
        "MAX_DIRECTIVES": 20,
        "MAX_ROOT_FIELDS": 10,
        "MAX_MUTATIONS": 4,
        "MAX_AUTH_MUTATIONS": 1,
        "MAX_VARIABLES": 50,
        "MAX_LIST_ITEMS": 250,
        "MAX_SEARCH_CHARACTERS": 1_000,
        "MAX_PAGE_SIZE": 100,
        "MAX_COST": 100_000,
        "MAX_SUBSCRIPTIONS": 20,
    }.items()
}
GRAPHQL_INTROSPECTION = config("GRAPHQL_INTROSPECTION", default=DEBUG, cast=bool)
# Whether a browser that opens /graphql gets the GraphiQL page.
GRAPHIQL = config("GRAPHIQL", default=DEBUG, cast=bool)

# --- REST ---------------------------------------------------------------------------------------
# Of an account, or of an address where nobody is logged in; 0 is as many as they like.
REST_REQUESTS_PER_MINUTE = config("REST_REQUESTS_PER_MINUTE", default=600, cast=int)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.rest.TokenAuthentication",
        "users.rest.SessionAuthentication",
    ],
    # Every view declares its own; one that forgets is closed.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_THROTTLE_CLASSES": ["nexus.api.throttling.RequestThrottle"],
    "DEFAULT_PARSER_CLASSES": ["nexus.api.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "nexus.api.problems.ProblemRenderer",
    ],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "nexus.api.pagination.Pages",
    "DEFAULT_METADATA_CLASS": "nexus.api.metadata.Metadata",
    "DEFAULT_SCHEMA_CLASS": "nexus.api.documentation.Operation",
    "EXCEPTION_HANDLER": "nexus.api.problems.answer_problem",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nexus",
    "DESCRIPTION": "The REST twins of the GraphQL API.",
    "VERSION": "0.1.0",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/", "description": "The shop that serves this document."}],
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "nexus.api.openapi.complete",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Metrics ------------------------------------------------------------------------------------
# What Prometheus presents as its bearer token; without one there is no /metrics.
METRICS_TOKEN = config("METRICS_TOKEN", default="")

# --- Logging ------------------------------------------------------------------------------------
LOG_LEVEL = config("LOG_LEVEL", default="INFO")
LOG_FORMAT = config("LOG_FORMAT", default="console" if DEBUG else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "nexus.logging.RequestIdFilter"},
        "query_string": {"()": "nexus.logging.QueryStringFilter"},
    },
    "formatters": {
        "json": {"()": "nexus.logging.JsonFormatter"},
        "console": {"format": "%(levelname)s %(name)s [%(request_id)s] %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # Django and uvicorn have put their own handlers and levels there before they load us; with
    # --no-access-log, uvicorn has left none.
    "loggers": {
        name: {"handlers": [], "propagate": is_on, "level": LOG_LEVEL, "filters": filters}
        for name, is_on, filters in [
            ("django", True, []),
            ("uvicorn", True, []),
            ("uvicorn.error", True, ["query_string"]),
            (
                "uvicorn.access",
                bool(logging.getLogger("uvicorn.access").handlers),
                ["query_string"],
            ),
        ]
    }
    # Below it stand statements, with the secrets in their parameters.
    | {"django.db.backends": {"level": "INFO"}}
    # It warns of what clients did wrong, who are told so.
    | {"python_multipart": {"level": "ERROR"}}
    # It warns of what endpoints answer, by their addresses.
    | {"urllib3": {"level": "ERROR"}},
}
