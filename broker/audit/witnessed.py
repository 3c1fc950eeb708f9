"""The log against what the box has seen: a cut tail and an older copy are whole in themselves, and show only here."""

from collections.abc import Sequence

from broker.audit.report import Report, Witness


def compare(report: Report, witnesses: Sequence[Witness]) -> None:
    """Add what does not agree to `report`, whose `hashes` has the hash of every witnessed record that is there."""
    for witness in _newest_of_each_other_chain(report.chain, witnesses):
        report.find(
            "other_chain", f"the box has seen the log {witness.chain} as far as record {witness.n}", n=witness.n
        )
    for witness in witnesses:
        if witness.chain == report.chain:
            _compare_one(report, witness)


def _compare_one(report: Report, witness: Witness) -> None:
    n = witness.n
    if n > report.head:
        text = f"records {report.head + 1} to {n} are gone: the box has seen record {n}"
        report.find("cut", text, n=n)
    elif n < report.first:
        report.note("dropped", f"the box has seen record {n}, which was dropped since", n=n)
    elif report.hashes.get(n) != witness.hash:
        report.find("rewritten", f"record {n} is not the one that the box has seen", n=n)


def _newest_of_each_other_chain(chain: str, witnesses: Sequence[Witness]) -> list[Witness]:
    newest: dict[str, Witness] = {}
    for witness in witnesses:
        if witness.chain != chain and witness.n >= newest.get(witness.chain, witness).n:
            newest[witness.chain] = witness
    return list(newest.values())
