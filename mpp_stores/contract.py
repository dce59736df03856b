"""How strictly the contract of a conversation event is applied.

A record can hold all that is required and still differ from the feed that was agreed
on. For each class of such differences a mode says what happens, in dlt's words.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from mpp_stores.settings import StoreSettings


class ContractMode(StrEnum):
    """`evolve` accepts the record, `reject` rejects it, `freeze` fails its whole batch."""

    EVOLVE = "evolve"
    REJECT = "reject"
    FREEZE = "freeze"


class Contract(BaseModel):
    """A mode for each class of fields.

    `unknown_fields` have no accepted name. `aliases` are fields under an accepted name
    that is not the canonical one. `data_types` are values that had to be converted: a
    number as an id, or as a time.
    """

    model_config = ConfigDict(frozen=True)

    unknown_fields: ContractMode = ContractMode.EVOLVE
    aliases: ContractMode = ContractMode.EVOLVE
    data_types: ContractMode = ContractMode.EVOLVE


class ContractSettings(StoreSettings):
    """For every program that judges events, so that all judge alike."""

    contract_unknown_fields: ContractMode = ContractMode.EVOLVE
    contract_aliases: ContractMode = ContractMode.EVOLVE
    contract_data_types: ContractMode = ContractMode.EVOLVE

    @property
    def contract(self) -> Contract:
        return Contract(
            unknown_fields=self.contract_unknown_fields,
            aliases=self.contract_aliases,
            data_types=self.contract_data_types,
        )


class ContractFrozen(ValueError):
    """A batch holds what the contract freezes on, and stays as it was."""

    def __init__(self, batch: str, position: int, deviation: str) -> None:
        self.batch = batch
        self.position = position
        self.deviation = deviation
        super().__init__(
            f"batch {batch!r}: {deviation} at position {position}, where the contract is frozen; "
            "correct the file, or set MPP_CONTRACT_* to evolve or reject"
        )
