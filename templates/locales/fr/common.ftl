# Ce que les e-mails et les pages ont en commun.
language-name = Français
date-long = { $day ->
    [1] 1er
   *[other] { $day }
  } { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
  } { $year }

content-version = Version { $version }

contact-email = E-mail
contact-phone = Téléphone
contact-privacy = Politique de confidentialité
