"""Django settings, read from the environment only. docs/settings.md lists what may be set."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from orbita.config import env

PACKAGE = Path(__file__).resolve().parent.parent
ORBITA_DATA = env.data_dir()
SECRET_KEY = env.secret_key(ORBITA_DATA)
ORBITA_SEAL_KEYS, ORBITA_SEAL_KEYS_FILE = env.seal_keys(ORBITA_DATA)
DEBUG = False

# The address people type; its scheme decides about secure cookies.
ORBITA_URL = env.text("ORBITA_URL")
ORBITA_HTTPS = ORBITA_URL.startswith("https://")
ALLOWED_HOSTS = [
    # Always this machine too: the supervisor and monitors ask /healthz by it.
    *("localhost", "127.0.0.1", "[::1]"),
    *env.words("ORBITA_HOSTS"),
    *([urlsplit(ORBITA_URL).hostname or ""] if ORBITA_URL else []),
]
CSRF_TRUSTED_ORIGINS = [ORBITA_URL.rstrip("/")] if ORBITA_URL else []

ROOMS = [
    "orbita.core",
    "orbita.accounts",
    "orbita.ui",
    "orbita.clients",
    "orbita.commerce",
    "orbita.work",
    "orbita.analytics",
    "orbita.gateways",
    "orbita.api",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_tasks",
    *ROOMS,
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "orbita.core.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "orbita.core.middleware.request_context",
    "orbita.api.middleware.problems_of_the_api",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orbita.accounts.middleware.kept_to_addresses",
    "orbita.accounts.middleware.seeing_as",
    "orbita.accounts.middleware.sign_in_required",
    "orbita.accounts.middleware.second_factor_required",
    "orbita.accounts.middleware.personal_language_and_zone",
    "orbita.accounts.middleware.signed_in_traces",
    "django.contrib.messages.middleware.MessageMiddleware",
    "orbita.ui.limiting.not_too_often",
    "orbita.ui.limiting.slowed_reading",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "orbita.config.urls"
WSGI_APPLICATION = "orbita.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "orbita.ui.context.frame",
            ],
            "builtins": ["django.templatetags.i18n", "orbita.ui.templatetags.ui"],
        },
    }
]

_database = env.database(f"sqlite:///{ORBITA_DATA / 'orbita.sqlite3'}")
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database |= {
        "ENGINE": "orbita.core.sqlite",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A writer takes its lock at BEGIN: without it, two readers that both go on to write deadlock.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;"
                "PRAGMA cache_size=-16384; PRAGMA mmap_size=134217728; PRAGMA temp_store=MEMORY;"
            ),
        },
    }
else:
    _database |= {
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": env.number("ORBITA_DB_POOL", 8)},
            # Planning the same queries again and again takes PostgreSQL longer than answering them.
            "server_side_binding": True,
            "prepare_threshold": env.number("ORBITA_DB_PREPARE_AFTER", 3) or None,
        },
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "orbita.accounts.signin.EmailBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 7
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "orbita.accounts.views.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "orbita.accounts.signin.username_of"
AXES_CLIENT_IP_CALLABLE = "orbita.accounts.signin.client_address"
# Sign-ins are events of our own log; trying on during a lockout does not make it longer.
AXES_DISABLE_ACCESS_LOG = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False

SESSION_ENGINE = "orbita.accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ORBITA_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "orbita.ui.errors.csrf_failure"
# One proxy of ours stands in front and sets X-Forwarded-For and X-Forwarded-Proto.
ORBITA_BEHIND_PROXY = env.flag("ORBITA_BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ORBITA_BEHIND_PROXY else None
SECURE_HSTS_SECONDS = env.number("ORBITA_HSTS_SECONDS", 0)
# Subdomains, redirects and browsers' preload lists belong to whoever owns the domain and its proxy.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = env.text("ORBITA_LANGUAGE", "ru")
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS: list[str] = []


def _static_version() -> str:
    """A digest of every static file: it stands in their address, so browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.glob("*/static/**/*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


STATIC_URL = f"/static/{_static_version()}/"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(ORBITA_DATA / "files")},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 365 * 24 * 3600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700

TASKS = {"default": {"BACKEND": "orbita.core.jobs.DatabaseBackend", "QUEUES": []}}

# Seconds after which a job or a letter of a worker that no longer answers is taken over. A letter's
# must be longer than a slow SMTP server may think.
ORBITA_JOB_LEASE = env.number("ORBITA_JOB_LEASE", 60)
ORBITA_MAIL_LEASE = env.number("ORBITA_MAIL_LEASE", 600)

# Outgoing system mail: smtp://user:password@host:587?tls=starttls, empty means "keep it in the queue".
ORBITA_SMTP_URL = env.text("ORBITA_SMTP_URL")
ORBITA_MAIL_FROM = env.text("ORBITA_MAIL_FROM", "orbita@localhost")

# Places beyond the public internet that Orbita may ask over HTTP: names and networks, each maybe with a
# port. Whoever types an address into a form must not reach what stands beside the server.
ORBITA_OUTGOING_ALLOW = env.words("ORBITA_OUTGOING_ALLOW")

# Where proved backups are sent besides their folder.
ORBITA_S3 = env.storage()

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "keys": {"()": "orbita.core.logs.WithoutKeys"},
        "cause": {"()": "orbita.core.logs.WithRequestId"},
    },
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(cause)s%(name)s: %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["keys", "cause"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.text("ORBITA_LOG_LEVEL", "WARNING")},
}
