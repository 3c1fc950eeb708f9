from device.host import civil


def test_days_and_dates_agree_over_four_thousand_years() -> None:
    for days in range(-719162, 900000, 1999):
        year, month, day = civil.date_from_days(days)
        assert 1 <= month <= 12 and 1 <= day <= civil.month_length(year, month)
        assert civil.days_from_date(year, month, day) == days


def test_known_days() -> None:
    assert civil.days_from_date(1970, 1, 1) == 0
    assert civil.date_from_days(20779) == (2026, 11, 22)
    assert civil.weekday(20779) == 6
    assert civil.days_from_date(2026, 2, 30) == civil.days_from_date(2026, 3, 2)
    assert civil.date_from_days(civil.days_from_date(-1, 1, 1)) == (-1, 1, 1)


def test_leap_years() -> None:
    assert [year for year in (1900, 2000, 2024, 2026, 2100) if civil.is_leap(year)] == [2000, 2024]
    assert civil.month_length(2028, 2) == 29
