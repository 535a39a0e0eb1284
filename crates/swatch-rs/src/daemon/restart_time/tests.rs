use super::*;

#[test]
fn the_formats_of_the_original() {
    let at = |h, m, s| {
        Ok(RestartTime::Daily(
            NaiveTime::from_hms_opt(h, m, s).unwrap(),
        ))
    };
    assert_eq!(parse("13:00"), at(13, 0, 0));
    assert_eq!(parse("13:00:09"), at(13, 0, 9));
    assert_eq!(parse("1:00pm"), at(13, 0, 0));
    assert_eq!(parse("12am"), at(0, 0, 0));
    assert_eq!(parse("12pm"), at(12, 0, 0));
    assert_eq!(
        parse("+1:30"),
        Ok(RestartTime::Every(TimeDelta::minutes(90)))
    );
    assert_eq!(
        parse("+1:99"),
        Ok(RestartTime::Every(TimeDelta::minutes(159)))
    );
    for bad in ["+1", "+1:00pm", "+-1:00"] {
        assert!(
            parse(bad)
                .unwrap_err()
                .to_string()
                .starts_with("Unrecognized delta time format"),
            "{bad}"
        );
    }
    for bad in ["", "x", "25:00", "13:00pm", "0am", "1", "1:2:3:4", "é:00"] {
        assert!(
            parse(bad)
                .unwrap_err()
                .to_string()
                .starts_with("Unrecognized time format"),
            "{bad}"
        );
    }
}

#[test]
fn a_time_that_has_passed_is_tomorrow() {
    let now = Local.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
    let at = |text: &str| parse(text).unwrap().next(now).unwrap();
    assert_eq!(
        at("13:00"),
        Local.with_ymd_and_hms(2026, 11, 22, 13, 0, 0).unwrap()
    );
    assert_eq!(
        at("11:00"),
        Local.with_ymd_and_hms(2026, 11, 23, 11, 0, 0).unwrap()
    );
    assert_eq!(
        at("+0:10"),
        Local.with_ymd_and_hms(2026, 11, 22, 12, 10, 0).unwrap()
    );
    assert_eq!(parse("+0:00").unwrap().next(now), None);
}
