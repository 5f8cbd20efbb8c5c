# What mails and pages share.
language-name = English
date-long = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
  } { $year }

content-version = Version { $version }

contact-email = Email
contact-phone = Phone
contact-privacy = Privacy notice
