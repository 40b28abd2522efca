"""All settings, from the environment (and ``.env``). README lists every variable.

Two ways to run, told apart by what is set: with none of DATABASE_URL, REDIS_URL, CHROMA_URL everything
lives in this one process and under DATA_DIR (embedded); with all three it is a service of many processes.
"""

import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, validate

from support_site import logs
from support_site.validators import pair, url_with

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=False)
env.read_env(str(BASE_DIR / ".env"), recurse=False)

DEBUG = env.bool("DEBUG", False)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var")))
FILES_DIR = Path(env.str("FILES_DIR", str(DATA_DIR / "files")))
PORT = env.int("PORT", 8000, validate=validate.Range(1, 65535))
SECRET_KEY = env.str("SECRET_KEY", "")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
DATABASE_URL = env.str("DATABASE_URL", "", validate=url_with("postgresql", "postgres"))
REDIS_URL = env.str("REDIS_URL", "", validate=url_with("redis", "rediss"))
CHROMA_URL = env.str("CHROMA_URL", "", validate=url_with("http", "https"))
CHROMA_TOKEN = env.str("CHROMA_TOKEN", "")
CHROMA_TENANT = env.str("CHROMA_TENANT", "default_tenant")
CHROMA_DATABASE = env.str("CHROMA_DATABASE", "default_database")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "")
HTTPS_ONLY = env.bool("HTTPS_ONLY", None)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0, validate=validate.Range(0, 10))
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "", validate=url_with("https", "http"))
OPENAI_MODEL = env.str("OPENAI_MODEL", "gpt-5-mini")
OPENAI_FALLBACK_MODEL = env.str("OPENAI_FALLBACK_MODEL", "")
OPENAI_FALLBACK_BASE_URL = env.str("OPENAI_FALLBACK_BASE_URL", "", validate=url_with("https", "http"))
OPENAI_FALLBACK_API_KEY = env.str("OPENAI_FALLBACK_API_KEY", "")
OPENAI_EMBEDDING_MODEL = env.str("OPENAI_EMBEDDING_MODEL", "text-embedding-3-small")
EMBEDDER = env.str("EMBEDDER", "auto", validate=validate.OneOf(["auto", "lexical", "openai"]))
MODEL_TIMEOUT_SECONDS = env.float("MODEL_TIMEOUT_SECONDS", 60, validate=validate.Range(0.1))
TURN_TIMEOUT_SECONDS = env.float("TURN_TIMEOUT_SECONDS", 120, validate=validate.Range(1))
MODEL_INPUT_PRICE = env.decimal("MODEL_INPUT_PRICE", Decimal(0), validate=validate.Range(0))
MODEL_OUTPUT_PRICE = env.decimal("MODEL_OUTPUT_PRICE", Decimal(0), validate=validate.Range(0))
# Limits: two numbers, for an account and for all who come from one address; 0 is no limit.
MESSAGES_PER_MINUTE: list[int] = env.list("MESSAGES_PER_MINUTE", [20, 60], subcast=int, validate=pair)
OPEN_SOCKETS: list[int] = env.list("OPEN_SOCKETS", [20, 100], subcast=int, validate=pair)
TURNS_AT_ONCE: list[int] = env.list("TURNS_AT_ONCE", [5, 25], subcast=int, validate=pair)
TOKENS_PER_DAY: list[int] = env.list("TOKENS_PER_DAY", [2_000_000, 10_000_000], subcast=int, validate=pair)
MONEY_PER_DAY: list[Decimal] = env.list("MONEY_PER_DAY", [Decimal(0), Decimal(0)], subcast=Decimal, validate=pair)
TOKENS_PER_TURN = env.int("TOKENS_PER_TURN", 50_000, validate=validate.Range(1))
OFFLINE_WORD_DELAY_SECONDS = env.float("OFFLINE_WORD_DELAY_SECONDS", 0.02, validate=validate.Range(0))
# How long things are kept; 0 is for ever. support_site/privacy/retention.py has the rules, docs/privacy.md the table.
RETENTION_CONVERSATIONS_DAYS = env.int("RETENTION_CONVERSATIONS_DAYS", 730, validate=validate.Range(0))
RETENTION_MEMORIES_DAYS = env.int("RETENTION_MEMORIES_DAYS", 0, validate=validate.Range(0))
RETENTION_SITUATIONS_DAYS = env.int("RETENTION_SITUATIONS_DAYS", 180, validate=validate.Range(0))
RETENTION_DELETED_DAYS = env.int("RETENTION_DELETED_DAYS", 30, validate=validate.Range(0))
RETENTION_HISTORY_DAYS = env.int("RETENTION_HISTORY_DAYS", 730, validate=validate.Range(0))
RETENTION_READS_DAYS = env.int("RETENTION_READS_DAYS", 730, validate=validate.Range(0))
RETENTION_EXPORTS_DAYS = env.int("RETENTION_EXPORTS_DAYS", 7, validate=validate.Range(1))
LEDGER_KEEPS_OLD_VALUES = env.bool("LEDGER_KEEPS_OLD_VALUES", True)
STAFF_APPROVAL_ABOVE = env.decimal("STAFF_APPROVAL_ABOVE", Decimal("500.00"), validate=validate.Range(0))
SHOP_WEBHOOK_URL = env.str("SHOP_WEBHOOK_URL", "", validate=url_with("https", "http"))
SHOP_WEBHOOK_SECRET = env.str("SHOP_WEBHOOK_SECRET", "")
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587, validate=validate.Range(1, 65535))
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "support@localhost")
SITE_NAME = env.str("SITE_NAME", "Acorn Support")
TIME_ZONE = env.str("TIME_ZONE", "UTC")
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
METRICS_PORT = env.int("METRICS_PORT", 0, validate=validate.Range(0, 65535))
LOG_FORMAT = env.str("LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))
LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))


def refuse(sentence: str) -> None:
    """Stop the start with a sentence for the operator."""
    raise ImproperlyConfigured(sentence)


try:
    env.seal()
except EnvValidationError as error:
    # environs types the messages for all of marshmallow's shapes; for an environment they are lists by name.
    wrong = cast("dict[str, list[str]]", error.error_messages)
    refuse("The settings are wrong. " + " ".join(f"{name}: {' '.join(why)}" for name, why in wrong.items()))

service_parts = {"DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL, "CHROMA_URL": CHROMA_URL}
SERVICE_MODE = any(service_parts.values())
if SERVICE_MODE and not DEBUG:
    needed = service_parts | {"SECRET_KEY": SECRET_KEY, "ALLOWED_HOSTS": ALLOWED_HOSTS}
    if missing := [name for name, value in needed.items() if not value]:
        refuse(f"Not set, and needed by a site of several processes: {', '.join(missing)}. README has the list.")
    if "*" in ALLOWED_HOSTS:
        refuse("ALLOWED_HOSTS must name the hosts: '*' would switch the origin check of sockets off.")
if EMBEDDER == "openai" and not (OPENAI_API_KEY or OPENAI_BASE_URL):
    refuse("EMBEDDER is 'openai', but neither OPENAI_API_KEY nor OPENAI_BASE_URL is set.")
money_per_turn = TOKENS_PER_TURN * max(MODEL_INPUT_PRICE, MODEL_OUTPUT_PRICE) / 1_000_000
for name, least in (("TOKENS_PER_DAY", TOKENS_PER_TURN), ("MONEY_PER_DAY", money_per_turn)):
    if any(0 < limit < least for limit in globals()[name]):
        refuse(f"{name} is less than what is reserved for one turn (TOKENS_PER_TURN), so nothing would be answered.")
webhook = urlsplit(SHOP_WEBHOOK_URL)
if webhook.scheme == "http" and not (DEBUG or webhook.hostname in {"localhost", "127.0.0.1", "::1"}):
    refuse("SHOP_WEBHOOK_URL must begin with https://, because what it is told is about customers.")
if SHOP_WEBHOOK_URL and len(SHOP_WEBHOOK_SECRET) < 32:
    refuse("SHOP_WEBHOOK_SECRET must be set to at least 32 characters when SHOP_WEBHOOK_URL is set.")

DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
if not SECRET_KEY:
    key_file = DATA_DIR / "secret_key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_urlsafe(50))
    SECRET_KEY = key_file.read_text()
if not ALLOWED_HOSTS:
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
if HTTPS_ONLY is None:
    HTTPS_ONLY = SERVICE_MODE and not DEBUG

INSTALLED_APPS = [
    "support_site.accounts",
    "support_site.memory",
    "support_site.orders",
    "support_site.chat",
    "support_site.review",
    "support_site.privacy",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "channels",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "support_site.urls"
ASGI_APPLICATION = "support_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "support_site.chat.context_processors.site",
            ]
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------
DATABASES = {"default": dj_database_url.parse(DATABASE_URL or f"sqlite:///{DATA_DIR / 'site.sqlite3'}")}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # Deferred transactions that turn into writers fail at once with "database is locked": take the write
    # lock at BEGIN and wait for it (measured: 2,127 errors in 8 s by default, none so).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Deleted values are overwritten with zeros. That misses some copies (7 of 1,800 measured, in pages that SQLite
        # rearranged), so an erasure and the nightly sweep also make the file anew (VACUUM).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHECKPOINT_FILE = DATA_DIR / "checkpoints.sqlite3"
CHROMA_DIR = DATA_DIR / "chroma"
# Archives that a worker makes and a web process hands out. Never served as they lie: no MEDIA_URL.
MEDIA_ROOT = FILES_DIR
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700

# None of its clients gives up by itself: a Redis that hangs would hold one thread after the other for good.
REDIS_PATIENCE = {"socket_connect_timeout": 2.0, "socket_timeout": 2.0}
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, **REDIS_PATIENCE}]},
        }
    }
    redis_cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    CACHES = {"default": {**redis_cache, "OPTIONS": REDIS_PATIENCE}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- People -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "conversations"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "support_site.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "support_site.accounts.forms.SignupForm"}
# With a mail server a sign-up is finished by the link in the mail, so the page tells nobody which addresses are known.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_HOST else "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
# Sign-in is throttled by allauth itself: wrong passwords per address and per e-mail, sign-ups, resets.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
# Behind proxies an address is what they say it is; without, a client could make one up for every try.
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Without a mail server, mails (password resets) are printed where the site runs.
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# --- Browser ------------------------------------------------------------------------------------
USE_I18N = True
USE_TZ = True
LANGUAGE_CODE = "en"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Embedded, files are served from where they lie; a service has them collected once and served from there.
STATIC_ROOT = BASE_DIR / "staticfiles" if SERVICE_MODE else None
SERVESTATIC_USE_FINDERS = not SERVICE_MODE
# Collected by one user and served by another one, while archives are for their own process only (MEDIA_ROOT above).
for_all = {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage", "OPTIONS": for_all},
}
SERVESTATIC_ALLOW_ALL_ORIGINS = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **{key: [NONE] for key in ("default-src", "frame-ancestors", "base-uri")},
        **{key: [SELF] for key in ("style-src", "font-src", "connect-src", "manifest-src", "form-action")},
        "script-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
    }
}

# --- Work in the background ---------------------------------------------------------------------
CELERY_BROKER_URL = CELERY_BROKER_URL or REDIS_URL or "filesystem://"
if CELERY_BROKER_URL == "filesystem://":
    broker_dir = DATA_DIR / "broker" / "queue"
    broker_dir.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(broker_dir),
        "data_folder_out": str(broker_dir),
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
    if urlsplit(CELERY_BROKER_URL).scheme in {"redis", "rediss"}:
        CELERY_BROKER_TRANSPORT_OPTIONS |= REDIS_PATIENCE

# --- The agent ----------------------------------------------------------------------------------
OFFLINE_MODEL = not (OPENAI_API_KEY or OPENAI_BASE_URL)
if EMBEDDER == "auto":
    EMBEDDER = "lexical" if OFFLINE_MODEL else "openai"

LOGGING = logs.configuration(level=LOG_LEVEL, form=LOG_FORMAT, keeps_words=DEBUG)
