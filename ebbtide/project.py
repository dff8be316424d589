"""The project file ``ebbtide.toml``: where the data are, what churn means, where things are kept.

Only reads and checks the file; what is wrong with it is put into words by
``ebbtide.project_problems``, and the data behind its paths are opened by ``features.sources``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ebbtide.clock import zone
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import SettingsError
from ebbtide.evaluation_settings import EvaluationSettings
from ebbtide.gate_settings import GateSettings
from ebbtide.project_problems import all_problems, disagreements
from ebbtide.project_variables import expand_variables
from ebbtide.segment_settings import Segments
from ebbtide.snapshot_table_settings import SnapshotTable  # noqa: TC001  pydantic reads it
from ebbtide.toml_file import TomlFile, toml_keys, toml_text

__all__ = ["STARTER_POLICY", "CandidateName", "Project", "expand_variables", "load_project"]

CandidateName = Literal["logistic", "random_forest", "lightgbm"]

Days = Annotated[int, Field(ge=0, le=3650)]
PositiveDays = Annotated[int, Field(ge=1, le=3650)]

GRACE_DAYS = 7
"""Grace days of a project with contracts that names none."""

STARTER_POLICY = Path(__file__).with_name("policy") / "starter.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Identity(_Section):
    """``[project]``: what the project is called and in which units it counts."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    """Short name; the registered model is called ``ebbtide-<name>``."""
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    """ISO 4217 code of every sum of money."""
    time_zone: str = "UTC"
    """IANA name: the zone of times that carry none, and where midnight is."""

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            zone(name)
        except SettingsError as err:
            raise ValueError(str(err)) from err
        return name


class TableSource(_Section):
    """``[tables.NAME]``: one table, as a file with a column mapping or as a query over files."""

    path: str | None = None
    """CSV or Parquet file (a glob may name many), relative to the project file."""
    query: str | None = None
    """Or a query in DuckDB's SQL that returns the table's columns; it names its files in full, or
    from ``${PROJECT_DIR}``."""
    columns: dict[str, str] = {}
    """With ``path``: the table's column = the file's column, where the names differ."""

    @model_validator(mode="after")
    def _names_one_source(self) -> TableSource:
        if (self.path is None) == (self.query is None):
            raise ValueError("expected either path or query")
        if self.query is not None and self.columns:
            raise ValueError("columns go with path; a query names its columns itself")
        return self


class Churn(_Section):
    """``[churn]``: what counts as churn."""

    kind: Literal["inactivity", "contract_end"] = "inactivity"
    """How churn shows: ``inactivity`` is no purchase within the horizon, ``contract_end`` the end
    of a subscription without another one."""
    horizon_days: PositiveDays = 90
    """Length of the outcome window, days."""
    gap_days: Days = 0
    """Time needed to act, between ``as_of`` and the outcome window, days."""
    active_within_days: PositiveDays = 365
    """With ``inactivity``: a customer is alive who purchased in so many days before ``as_of``."""
    grace_days: Days | None = None
    """With ``contract_end``: a subscription that ended is no loss if another one runs or begins
    within so many days; 7 if absent."""


class Snapshots(_Section):
    """``[snapshots]``: at which past instants training looks at the customers."""

    every_days: PositiveDays = 28
    """Days from one snapshot to the next."""
    max_count: int = Field(default=24, ge=1, le=200)
    """How many snapshots at the most, the latest first."""
    min_history_days: PositiveDays = 90
    """Days of log that the earliest snapshot must have behind it."""
    lookback_days: PositiveDays = 365
    """How far before ``as_of`` features look, days."""


class Training(_Section):
    """``[training]``: what is tried."""

    candidates: list[CandidateName] = Field(
        default=list(get_args(CandidateName)), min_length=1, max_length=3
    )
    """Kinds of model to train; the best of them becomes the challenger."""

    @field_validator("candidates")
    @classmethod
    def _are_different(cls, candidates: list[CandidateName]) -> list[CandidateName]:
        if len(set(candidates)) < len(candidates):
            raise ValueError("expected each candidate once")
        return candidates

    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    """Seed of everything random in training."""
    max_rows: int = Field(default=500_000, ge=1_000, le=100_000_000)
    """Rows over all snapshots that models learn from; beyond it a sample of customers does."""
    risk_days: list[PositiveDays] = Field(default=[30, 60, 90], max_length=12)
    """Days by which the risk is told as well; empty to tell only the probability of churn."""
    by_value: bool = False
    """Whether a customer counts by the margin at stake while models learn: a tenth of the mean
    customer at least, three at most."""
    monotone: bool = False
    """Whether boosted trees keep to the direction of risk that the catalogue agrees for a feature:
    more complaints, for example, never lower the risk."""
    recipes: str | None = None
    """File of tuned recipes (``ebbtide tune`` writes it), relative to the project file; absent: the
    usual ones."""

    @field_validator("risk_days")
    @classmethod
    def _rise(cls, days: list[int]) -> list[int]:
        if days != sorted(set(days)):
            raise ValueError("expected days that rise, each once")
        return days


class Policy(_Section):
    """``[policy]``: the retention actions."""

    path: str | None = None
    """Policy file, relative to the project file; absent: the starter policy that comes with
    Ebbtide (``ebbtide policy --out FILE`` writes it out to be changed)."""


class Stores(_Section):
    """``[stores]``: where things are kept."""

    folder: str = ".ebbtide"
    """Folder for everything local, relative to the project file."""
    tracking_uri: str | None = None
    """MLflow tracking and registry; ``mlflow.db`` in the folder if absent. The environment
    variable ``MLFLOW_TRACKING_URI`` wins over both."""
    database_url: str | None = None
    """Store of snapshots and predictions (SQLAlchemy URL); ``store.db`` in the folder if absent."""


class Project(_Section):
    """A project file, checked, with the folder it lies in."""

    project: Identity
    tables: dict[str, TableSource] = {}
    snapshot_table: SnapshotTable | None = None
    churn: Churn = Churn()
    snapshots: Snapshots = Snapshots()
    training: Training = Training()
    evaluation: EvaluationSettings = EvaluationSettings()
    gate: GateSettings = GateSettings()
    segments: Segments = Segments()
    policy: Policy = Policy()
    stores: Stores = Stores()
    base: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _parts_agree(self) -> Project:
        problems = disagreements(self.model_dump(exclude_unset=True))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def definition(self) -> ChurnDefinition:
        """What counts as churn."""
        churn, time_zone = self.churn, self.project.time_zone
        if churn.kind == "contract_end":
            return ChurnDefinition.of_contracts(
                horizon_days=churn.horizon_days,
                gap_days=churn.gap_days,
                grace_days=GRACE_DAYS if churn.grace_days is None else churn.grace_days,
                time_zone=time_zone,
            )
        said = ChurnDefinition(**churn.model_dump(), time_zone=time_zone)
        table = self.snapshot_table
        return said if table is None else said.by_label(f"{table.label} = {table.churned}")

    @property
    def contract_path(self) -> Path:
        """Where the contract of the snapshot table is, or will be."""
        table = self.snapshot_table
        named = table.contract if table is not None else None
        return self.base / (named or f"{self.project.name}.contract.toml")

    @property
    def model_name(self) -> str:
        """Name of the registered model."""
        return f"ebbtide-{self.project.name}"

    @property
    def folder(self) -> Path:
        """Folder for everything local."""
        return self.base / self.stores.folder

    @property
    def policy_path(self) -> Path:
        """Where the policy file is."""
        return STARTER_POLICY if self.policy.path is None else self.base / self.policy.path

    @property
    def recipes_path(self) -> Path | None:
        """Where the tuned recipes are; None if there are none."""
        named = self.training.recipes
        return None if named is None else self.base / named

    @property
    def database_url(self) -> str:
        """URL of the store of snapshots and predictions."""
        return self.stores.database_url or f"sqlite:///{self.folder / 'store.db'}"

    @property
    def tracking_uri(self) -> str:
        """URI of MLflow's tracking and registry."""
        return (
            os.environ.get("MLFLOW_TRACKING_URI")
            or self.stores.tracking_uri
            or f"sqlite:///{self.folder / 'mlflow.db'}"
        )


def load_project(path: Path) -> Project:
    """Read a project file.

    Parameters
    ----------
    path : the TOML file. ``${NAME}`` in a table's path or query is replaced when it is opened.

    Raises
    ------
    SettingsError
        If the file is absent, no TOML, or breaks its schema; every problem is named at once.
    """
    file = TomlFile(
        path=path,
        title="Project file",
        if_absent=f"Expected a project file at {str(path)!r}, found none. Give its path with "
        f"--config, or make one with data: ebbtide simulate --out DIR.",
        if_folder=f"Name the file in it, such as --config {path / 'ebbtide.toml'}.",
        if_refused="Mend that, or name another with --config.",
    )
    read = toml_keys(toml_text(file), name=file.name)
    try:
        project = Project.model_validate({**read, "base": path.resolve().parent})
    except ValidationError as err:
        raise SettingsError(all_problems(path, read, err, schema=Project)) from err
    if "base" in read:
        raise SettingsError(all_problems(path, read, None, schema=Project))
    return project
