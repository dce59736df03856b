from mpp_assets.jobs.report_plots import daily_activity_plot


def day(event_day: str, messages: int, users: int) -> dict[str, object]:
    return {"event_day": event_day, "message_count": messages, "user_count": users}


def test_days_that_nobody_wrote_on_are_drawn_at_zero():
    first, last = day("2026-11-18", 66, 40), day("2026-11-21", 2, 1)
    nobody = [day("2026-11-19", 0, 0), day("2026-11-20", 0, 0)]
    assert daily_activity_plot([first, last]) == daily_activity_plot([first, *nobody, last])
