from decimal import Decimal

import pytest

from retrieval.language.quantities import Quantity, quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("vier Meter", "4", "meter"),
        ("4,20 Meter", "4.2", "meter"),
        ("420 cm", "4.2", "meter"),
        ("0,5 Milliarden Euro", "500000000", "euro"),
        ("rund 500 Mio. €", "500000000", "euro"),
        ("eine halbe Milliarde Euro", "500000000", "euro"),
        ("90.000 Euro", "90000", "euro"),
        ("95 000 Euro", "95000", "euro"),
        ("neunzigtausend Euro", "90000", "euro"),
        ("zweieinhalb Millionen", "2500000", ""),
        ("anderthalb Stunden", "5400", "sekunde"),
        ("zwei Tote", "2", "tot"),
        ("minus 3,5 Grad", "-3.5", "grad"),
        ("12 %", "12", "prozent"),
        ("Platz 10", "10", ""),
    ],
)
def test_quantity(text: str, value: str, unit: str) -> None:
    assert quantities(text) == (Quantity(Decimal(value), unit),)


@pytest.mark.parametrize(
    "text", ["am 3. Juni", "14.30 Uhr", "14:30 Uhr", "3:1", "Dmitri Machonin", "im Mai", "", "7" * 500]
)
def test_no_quantity(text: str) -> None:
    assert quantities(text) == ()


def test_a_range_has_two() -> None:
    assert [str(found.value) for found in quantities("fünf bis sechs Euro")] == ["5", "6"]
