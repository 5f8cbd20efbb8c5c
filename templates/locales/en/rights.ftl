# Answers to requests of the subject.
mail-restricted-subject = The use of your data is restricted
mail-restricted-intro = As you requested, the processing of your data has been restricted since { $date } (Art. 18 GDPR).
mail-restricted-means = Until further notice we only store your data. We neither change nor use them, and send you nothing but answers to your own requests. You can withdraw consent, object and make requests at any time. We will tell you before the restriction ends.
mail-ending-subject = The restriction of your data is ending
mail-ending-intro = The restriction of the processing of your data is ending (Art. 18 GDPR). We are telling you beforehand: after this email we may process your data again, as far as the law allows.
mail-ending-upheld = Your objection is accepted: your data will no longer be used for what you objected to.
mail-ending-overridden = We have examined your objection. There are compelling legitimate grounds for the processing that override your interests, so it will continue.
mail-ending-rights = If you do not agree, you can lodge a complaint with a data protection authority or go to court. If you have questions, please write to the address below.
mail-rights-footer = You receive this email because it answers a request of yours. It contains no advertising and no tracking.
