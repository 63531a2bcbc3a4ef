"""Where a deployment writes and how it behaves, read from the environment at each call."""

from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.errors import SettingsError

PROJECT_ROOT = Path(__file__).resolve().parent.parent


NEVER = "none"
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}


class Settings(BaseSettings):
    """One deployment. Every field is `ONEFOLD_<NAME>` in the environment (see `.env.example`)."""

    model_config = SettingsConfigDict(
        env_prefix="ONEFOLD_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(default_factory=lambda: PROJECT_ROOT / "data")
    """Root of everything this deployment writes."""
    landing: Path = Path("landing")
    """Folder that exports arrive in, `<landing>/<source>/<file>`; relative paths are under home."""
    inbox: str = Field(default="", repr=False)
    """URIs, separated by blanks, whose tree `<source>/<file>` is fetched into `landing`."""
    pulls: str = ""
    """APIs pulled into `landing`, separated by blanks: `hubspot`, or `module:function`."""
    as_of: str = ""
    """Fixes the clock: an ISO timestamp (UTC), or `latest_event` for exports of another time.
    Empty: the run's logical date, or in a home started from the sample the latest event landed."""
    lock_timeout_seconds: float = Field(default=600.0, ge=0)
    """How long a process waits for the warehouse before it gives up."""
    threads: int = Field(default=2, ge=1)
    """DuckDB and dbt threads."""
    memory_limit: str = ""
    """DuckDB memory limit, such as `8GB`; empty leaves DuckDB's default."""
    tombstone_key: str = Field(default="", repr=False)
    """Secret under which erased identifiers are remembered; needed once somebody was erased."""
    identity_model: str = ""
    """Which model's similar pairs may join records: `latest`, a version such as `identity-0001`, or
    empty for none."""
    attribution_history: bool = False
    """Whether each run keeps what it credited, for `onefold attribution diff`."""
    schedule: str = "@daily"
    """When the main job runs by itself: a cron expression or preset in UTC, or `none`."""
    ready_poll_seconds: float = Field(default=30.0, gt=0)
    """How often the landing folder is looked at for a new or touched `_READY`."""
    ui_port: int = Field(default=8080, ge=1, le=65535)
    """Port of the Airflow UI that `onefold up` serves on loopback."""

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, text: str) -> str:
        from croniter import croniter  # takes long to load, and most commands need no schedule

        text = text.strip()
        cron = PRESETS.get(text, text)
        if text != NEVER and (len(cron.split()) != 5 or not croniter.is_valid(cron)):
            raise ValueError(
                f"neither cron with five fields such as 0 6 * * 1-5, nor {', '.join(PRESETS)}, "
                f"nor {NEVER}"
            )
        return text

    def model_post_init(self, _: object) -> None:
        object.__setattr__(self, "home", self.home.expanduser().resolve())
        object.__setattr__(self, "landing", self.home / self.landing.expanduser())

    @property
    def cron(self) -> str | None:
        """The schedule as five fields of cron; None where no clock starts the main job."""
        return None if self.schedule == NEVER else PRESETS.get(self.schedule, self.schedule)

    @property
    def warehouse(self) -> Path:
        """The build file: everything, one writer, never opened by BI."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The file BI reads: public marts without personal data, replaced whole."""
        return self.home / "published" / "onefold.duckdb"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' HTML report."""
        return self.home / "data_docs"

    @property
    def dbt_docs(self) -> Path:
        """dbt's one-file documentation."""
        return self.dbt_target / "static_index.html"

    @property
    def outbox(self) -> Path:
        """Where file destinations deliver unless a connection says otherwise."""
        return self.home / "outbox"

    @property
    def ledger(self) -> Path:
        """The activation write-ahead ledger (SQLite)."""
        return self.home / "sync_ledger.sqlite"

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME: metadata database, configuration, logs."""
        return self.home / "airflow"

    @property
    def dbt_target(self) -> Path:
        """dbt's compiled files and manifest."""
        return self.home / "dbt" / "target"

    @property
    def sample_marker(self) -> Path:
        """Present in a home that was started from the sample exports."""
        return self.home / "sample.txt"

    @property
    def project_root(self) -> Path:
        """The repository."""
        return PROJECT_ROOT

    @property
    def dbt_project(self) -> Path:
        """The dbt project folder."""
        return PROJECT_ROOT / "dbt_project"

    @property
    def rules(self) -> Path:
        """Rule tables that people edit."""
        return PROJECT_ROOT / "seeds" / "rules"

    @property
    def exports(self) -> Path:
        """The committed sample exports."""
        return PROJECT_ROOT / "seeds" / "exports"

    @property
    def truth(self) -> Path:
        """The sample's truth."""
        return PROJECT_ROOT / "seeds" / "truth"


def settings() -> Settings:
    """Read the settings from the environment as it is now; an empty variable counts as unset.

    Raises SettingsError naming the variable that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(
            f"expected ONEFOLD_{str(first['loc'][0]).upper()} as .env.example describes it, got "
            f"{first['input']!r} ({first['msg']}); correct it"
        ) from None
