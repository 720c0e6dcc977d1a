//! Days of the Gregorian calendar, of any year.

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From one.
    pub(super) month: i64,
    /// From one.
    pub(super) day: i64,
    /// Days since 1970.
    pub(super) days: i64,
}

impl Date {
    /// Returns the day so many days after the first of January 1970.
    pub(super) fn of_days(days: i64) -> Self {
        // Years begin in March here, so that a leap day is a year's last; 400 of them are an era.
        let shifted = days.saturating_add(719_468);
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let leaps = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leaps) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self { year, month, day: day_of_year - (153 * from_march + 2) / 5 + 1, days }
    }

    /// Returns a day; months and days beyond their range count on.
    pub(super) fn of(year: i64, month: i64, day: i64) -> Self {
        let months = month - 1;
        let (year, month) = (year.saturating_add(months.div_euclid(12)), months.rem_euclid(12) + 1);
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let shifted = year.saturating_sub(i64::from(month <= 2));
        let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * from_march + 2) / 5;
        let days = era.saturating_mul(146_097).saturating_add(day_of_era - 719_468);
        Self::of_days(days.saturating_add(day - 1))
    }

    /// Returns the day of the year, from one.
    pub(super) fn year_day(self) -> i64 {
        self.days - Self::of(self.year, 1, 1).days + 1
    }

    /// Returns the day of the week; Sunday is zero.
    pub(super) fn weekday(self) -> i64 {
        (self.days.rem_euclid(7) + 4) % 7
    }
}

/// Says whether a year has a leap day.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Returns how many days a month has.
pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
