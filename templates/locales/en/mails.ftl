mail-greeting = Hello,
mail-greeting-name = Hello { $name },

# The request of double opt-in.
mail-confirm-subject = Please confirm: { $content }
mail-confirm-preheader = { $controller } asks for your consent. Please answer by { $date }.
mail-confirm-heading = Do you agree?
mail-confirm-intro = On { $date } we received a request to record your consent under this email address. Please tell us whether you agree. Nothing has been recorded yet: only your own answer counts.
mail-confirm-ignore = If you did not ask for this, you need not do anything: nothing is recorded as consent. Apart from one reminder at most, we will not ask again without a new request.

# The single reminder.
mail-remind-subject = Reminder – please confirm: { $content }
mail-remind-preheader = { $controller } is still waiting for your answer. The link is valid until { $date }.
mail-remind-heading = Your answer is still open
mail-remind-intro = On { $date } we received a request to record your consent under this email address, and we have not had an answer from you yet. This is the only reminder.
mail-remind-ignore = If you do not want this or did not ask for it, you need not do anything: the request lapses on { $date }, nothing is recorded as consent, and we will not ask again without a new request.

# What is asked, and the way to the page.
mail-controller-label = Asked by
mail-purpose-label = Purpose
mail-wording-label = What you are asked to agree to
mail-document = The document that belongs to it is attached to this email.
mail-answer-button = Review and answer
mail-answer-hint = If the button does not work, open this address in your browser:
mail-answer-text = To agree or to refuse, please open this page:
mail-refuse = You can also refuse on the same page.
mail-withdraw = If you agree, you can withdraw your consent at any time with effect for the future.
mail-valid-until = The link is valid until { $date }. It is personal: please do not forward this email.

mail-footer = You receive this email because consent was requested under your address. It contains no advertising and no tracking.

# The code for one’s own page.
mail-code-subject = Your code for { $controller }
mail-code-heading = Your code
mail-code-intro = Somebody, presumably you, wants to give consent or correct data on your page. Please enter this code there:
mail-code-valid = The code is valid for { $minutes } minutes.
mail-code-ignore = If it was not you, you need not do anything: without this code nothing is changed. Please do not pass it on to anybody.
mail-code-footer = You receive this email because a code was asked for on your page. It contains no advertising and no tracking.
mail-preferences = Your consents at any time:

mail-address-subject = Please confirm your new email address
mail-address-heading = Is this your new address?
mail-address-intro = Somebody, presumably you, has given this address as the new one of their page at { $controller }. Mails of { $controller } go here once you confirm it.
mail-address-button = Confirm the address
mail-address-link = If the button does not work, open this address:
mail-address-valid = The link is valid until { $date }. If it was not you, you need not do anything: nothing is changed then.
mail-address-footer = You receive this email because this address was given on a personal page. It contains no advertising and no tracking.
