"""Settings of the service, from the environment (prefix ``EBBTIDE_``).

What a project is, where its data and stores are and which policy holds are in the project file.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ebbtide.errors import SettingsError
from service.access.rates import PATTERN

MAX_ROWS = 1_000
"""What the OpenAPI document promises to take at most; a setting may lower it."""


class Settings(BaseSettings):
    """How the service runs; each field is the environment variable of its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="EBBTIDE_", frozen=True, extra="ignore")

    project_file: Path = Path("ebbtide.toml")
    """The project file to serve."""

    bundle_key: SecretStr | None = Field(default=None, min_length=1)
    """Secret with which bundles must be signed; bundles may be unsigned if it is absent."""

    champion_poll_seconds: float = Field(default=5.0, ge=0.05, le=3600)
    """How often the registry is asked whether the champion has moved, seconds."""

    registry_deadline_seconds: float = Field(default=60.0, ge=0.1, le=600)
    """How long the registry may take to answer and hand over a bundle, seconds; then the process
    that asks is ended and started anew. Requests never wait for it."""

    trial_deadline_seconds: float = Field(default=60.0, ge=0.1, le=600)
    """How long a new bundle may take to be verified, parsed and tried in a throw-away process,
    seconds."""

    trial_memory_bytes: int = Field(default=4 * 2**30, ge=2**28, le=2**40)
    """How much address space that process may take, bytes."""

    max_bundle_bytes: int = Field(default=2**29, ge=2**16, le=2**40)
    """Largest model that is fetched from the registry, all its files together, bytes."""

    max_body_bytes: int = Field(default=8 * 2**20, ge=1024, le=2**30)
    """Largest request body, bytes."""

    body_deadline_seconds: float = Field(default=20.0, ge=0.05, le=600)
    """How long a request body may take to arrive, seconds."""

    head_deadline_seconds: float = Field(default=10.0, ge=0.05, le=600)
    """How long the first line and the headers of a request may take to arrive, from when the
    connection is open, seconds; then it is closed."""

    max_requests: int = Field(default=64, ge=1, le=10_000)
    """How many requests may be under way at once, health and metrics apart; others get 503."""

    max_connections: int = Field(default=512, ge=2, le=100_000)
    """How many connections may be open at once. Beyond that the one that has waited longest for its
    head makes room; where none waits, others get 503, but probes an answer."""

    answer_deadline_seconds: float = Field(default=20.0, ge=0.05, le=600)
    """How long a client may leave its answer untaken, seconds; then its connection is cut."""

    grace_seconds: float = Field(default=20.0, ge=0.5, le=3600)
    """How long the service may take to end after it was told to, seconds: requests under way are
    answered within three quarters of it. A second signal ends it at once."""

    max_rows: int = Field(default=1_000, ge=1, le=MAX_ROWS)
    """Most rows in one request to ``POST /v1/scores``."""

    max_events: int = Field(default=20_000, ge=1, le=1_000_000)
    """Most events in one row, over all its tables."""

    max_request_events: int = Field(default=100_000, ge=1, le=1_000_000)
    """Most events in one request, over all its rows and tables."""

    max_event_computations: int = Field(default=2, ge=1, le=64)
    """How many computations of features from events may run at once; others wait."""

    event_wait_seconds: float = Field(default=10.0, ge=0.0, le=600)
    """How long a request with events waits for its turn before it is refused with 503, seconds."""

    event_deadline_seconds: float = Field(default=60.0, gt=0, le=600)
    """How long the rows of one request may be computed from events, seconds; the rows that are left
    then are refused with 503."""

    history_valid_days: float = Field(default=7.0, gt=0, le=3650)
    """How old the published history of a customer may be to be scored again on events, days."""

    rescore_poll_seconds: float = Field(default=0.5, ge=0.01, le=60)
    """How often to look for customers whose events came to another process, seconds."""

    rescore_lease_seconds: float = Field(default=10.0, ge=1, le=600)
    """How long customers who are being scored again are left to the process that took them,
    seconds; then another takes over."""

    store_wait_seconds: float = Field(default=2.0, ge=0.05, le=60)
    """How long an answer waits to be recorded while others write to the store, seconds; then the
    request is refused with 503."""

    log_required: bool = True
    """Whether scores are refused with 503 when the log cannot be written. If not, they are kept in
    the spool beside the project until it can, and warn of it."""

    spool_max_bytes: int = Field(default=64 * 2**20, ge=2**16, le=2**40)
    """How large the spool of one process may grow, bytes; then scores are refused with 503."""

    key_cache_seconds: float = Field(default=2.0, ge=0, le=60)
    """For how long the API keys that were read are relied on, seconds; a revoked one holds so much
    longer at the most. 0 reads them for each request."""

    rate_limit: str = Field(default="6000/minute", pattern=PATTERN)
    """How many requests a caller may send, by second, minute, hour or day, as far as its key has no
    limit of its own; counted by each process for itself."""

    failed_access_limit: str = Field(default="60/minute", pattern=PATTERN)
    """How many requests without a valid key one peer address may send; then 429 instead of 401."""

    jwt_issuer: str | None = Field(default=None, min_length=1)
    """Issuer of the tokens (JWT) that are taken beside keys; all three of them, or none."""

    jwt_audience: str | None = Field(default=None, min_length=1)
    """Audience that a token must name."""

    jwt_jwks_file: Path | None = None
    """File with the issuer's public keys, a JWK set; read again when it changes."""

    jwt_leeway_seconds: float = Field(default=30.0, ge=0, le=600)
    """By how much the issuer's clock may differ from this one, seconds."""

    keep_predictions_days: float = Field(default=730.0, ge=1, le=36_500)
    """How long the log of predictions is kept, days."""

    keep_facts_days: float = Field(default=730.0, ge=1, le=36_500)
    """How long events, outcomes and assignments are kept, days."""

    keep_snapshots_days: float = Field(default=90.0, ge=1, le=36_500)
    """How long a snapshot is kept that a newer one has replaced, days."""

    keep_keys_days: float = Field(default=7.0, ge=0.01, le=365)
    """How long answers are kept under an Idempotency-Key, days."""

    keep_messages_days: float = Field(default=30.0, ge=1, le=3_650)
    """How long messages of webhooks are kept that have arrived, were given up, or wait for one
    that is disabled, days."""

    promotion_deadline_seconds: float = Field(default=300.0, ge=1, le=3600)
    """How long a promotion or rollback that was asked for over HTTP may take, seconds."""

    webhook_poll_seconds: float = Field(default=0.5, ge=0.01, le=600)
    """How often the outbox of webhooks is looked at, seconds."""

    webhook_allow_private: bool = False
    """Whether webhooks may go to addresses within the company, over http and to any port."""

    drift_minutes: float = Field(default=15.0, ge=0.01, le=1440)
    """How often the shift of scores and features is measured, minutes."""

    job_workers: int = Field(default=1, ge=0, le=8)
    """How many jobs this process works on at once; 0 leaves them to other processes."""

    job_lease_seconds: float = Field(default=60.0, ge=1, le=3600)
    """How long a worker may be silent before another one takes its job over, seconds."""

    job_poll_seconds: float = Field(default=1.0, ge=0.01, le=600)
    """How often a worker without a job looks for one, seconds."""

    job_retention_days: float = Field(default=7.0, gt=0, le=365)
    """How long a job and its results are kept after its end, days."""

    max_job_bytes: int = Field(default=100 * 2**20, ge=1024, le=2**31)
    """Largest file of a job, bytes."""

    max_job_rows: int = Field(default=1_000_000, ge=1, le=100_000_000)
    """Most rows of the file of a job."""

    max_jobs: int = Field(default=20, ge=1, le=10_000)
    """How many jobs of one caller may be under way at once; further ones get 429."""

    max_uploads: int = Field(default=8, ge=1, le=1_000)
    """How many files may be received at once; others get 503."""

    upload_idle_seconds: float = Field(default=20.0, ge=0.05, le=600)
    """How long the file of a job may bring nothing while it is received, seconds."""


def read_settings(**given: object) -> Settings:
    """Read the settings from the environment.

    Parameters
    ----------
    given : fields that win over the environment.

    Raises
    ------
    SettingsError
        If a value is wrong; every problem is named at once, no value is repeated.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as err:
        lines = [f"{err.error_count()} setting(s) of the service are wrong:"]
        for problem in err.errors(include_url=False, include_input=False):
            name = "_".join(str(key) for key in problem["loc"]).upper()
            lines.append(f"  EBBTIDE_{name}: {problem['msg']}")
        raise SettingsError("\n".join(lines)) from err
