"""Checks a receipt: whether its documents, and those that were published, are what its samples give."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest_bench.docgen.publish import CLOSE, OPEN, block
from ingest_bench.errors import ReceiptError
from ingest_bench.receipt.archive import MADE, read_receipt
from ingest_bench.receipt.differences import numbers_in, text_differences
from ingest_bench.receipt.recompute import code_since, recompute


@dataclass
class Verdict:
    """What a check has found."""

    problems: list[str] = field(default_factory=list)
    """In words, each with the place."""
    numbers: int = 0
    """In the documents that were looked at."""
    values: int = 0
    """Of the samples that they were compared with."""
    documents: list[str] = field(default_factory=list)
    other_code: str | None = None
    """A module that has changed since: wording, and the way of reckoning, may differ for that reason."""


def verify(archive: Path, readme: Path | None = None, docs: Path | None = None, *, trusted: bool = False) -> Verdict:
    """Make everything again from a receipt's samples and compare.

    Args:
        archive: the receipt.
        readme: a README that was opened with the report.
        docs: a folder that the report was published to.
        trusted: whether Python files that the receipt's configuration names as arms may be run.

    Raises:
        ReceiptError: the archive is no receipt, or a document is missing.

    """
    files, problems = read_receipt(archive)
    verdict = Verdict(problems, other_code=code_since(files))
    with TemporaryDirectory(prefix="receipt-") as name:
        folder = Path(name)
        made = recompute(files, folder, trusted=trusted)
        verdict.problems += made.problems
        verdict.values = made.numbers
        for document in MADE:
            if document not in files:
                raise ReceiptError(f"{archive}: has no {document}")
            _compare(verdict, document, files[document].decode(errors="replace"), _text(folder / document))
        if docs:
            _compare_published(verdict, folder, docs)
        if readme:
            _compare_readme(verdict, folder, readme, docs or readme.parent / "docs" / "run")
    return verdict


def _compare(verdict: Verdict, name: str, held: str, made: str) -> None:
    verdict.documents.append(name)
    verdict.numbers += numbers_in(held)
    verdict.problems += text_differences(name, held, made)


def _compare_published(verdict: Verdict, folder: Path, docs: Path) -> None:
    made = [folder / name for name in MADE if (docs / name).is_file()]
    made += sorted((folder / "figures").glob("*.svg"))
    for path in made:
        published = docs / path.relative_to(folder)
        if not published.is_file():
            raise ReceiptError(f"{published}: not there; `make publish` writes it")
        _compare(verdict, published.as_posix(), _text(published), _text(path))


def _compare_readme(verdict: Verdict, folder: Path, readme: Path, docs: Path) -> None:
    before, mark, rest = _text(readme).partition(OPEN)
    inside, end, _ = rest.partition(CLOSE)
    if not mark or not end:
        raise ReceiptError(f"{readme}: has no block that `make publish` writes")
    try:
        place = docs.resolve().relative_to(readme.resolve().parent).as_posix()
    except ValueError:
        raise ReceiptError(f"{docs}: not below the folder of {readme}, which shows its figures") from None
    made = block(_text(folder / "benchmark_report.md"), folder, place)
    # Lines are counted from the top of the file.
    _compare(verdict, readme.name, f"{before}{OPEN}{inside}{CLOSE}", f"{before}{made}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise ReceiptError(f"{path}: not there") from None
