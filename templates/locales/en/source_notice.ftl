# The notice of data that came from elsewhere (Art. 14).
mail-source-subject = Where we have data about you from
mail-source-preheader = { $controller } tells you where data about you came from, what they are used for, and what your rights are.
mail-source-intro = { $controller } processes personal data about you that you have not given us yourself. The law obliges us to tell you so (Art. 14 GDPR). You need not do anything.
mail-source-from = Where the data come from
mail-source-public = This source is publicly accessible.
mail-source-not-public = This source is not publicly accessible.
mail-source-how = To use your rights, a message to the address below is enough. It costs you nothing.
mail-source-notice = Our privacy notice:
mail-source-page = Your own page, where you can see your consents and withdraw them:
mail-source-footer = You receive this email because the law obliges us to inform you. It contains no advertising and no tracking.
