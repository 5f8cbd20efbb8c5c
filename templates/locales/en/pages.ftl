page-language = Language
page-close = You can close this page now.

page-controller = Controller
page-purpose = Purpose
page-wording = What you are asked to agree to
page-regulation = Further information

# The question.
page-confirm-title = Do you agree?
page-confirm-lead = { $controller } asks for your consent. Please read the wording and give your answer.
page-voluntary = Your answer is voluntary: if you do not agree, you suffer no disadvantage.
page-withdraw = If you agree, you can withdraw your consent at any time with effect for the future.
page-tick = I agree to “{ $content }” ({ $controller }), as worded above, version { $version }.
page-tick-missing = Please tick the box if you agree. Otherwise choose “I do not agree”.
page-agree = I agree
page-disagree = I do not agree
page-valid-until = You can answer here until { $date }.

# After the answer.
page-granted-title = Thank you, your consent is recorded
page-granted-lead = You have agreed to “{ $content }” ({ $controller }).
page-granted-withdraw = You can withdraw your consent at any time with effect for the future. A message to the address below is enough.
page-refused-title = Your answer is recorded
page-refused-lead = You have not agreed to “{ $content }” ({ $controller }). Your data will not be used for this.
page-refused-later = You suffer no disadvantage, and we will not ask again without a new request.

# Unknown, expired and foreign links alike.
page-invalid-title = This link is not valid
page-invalid-lead = It may have expired, been replaced by a newer one, or been copied incompletely. Nothing has been changed.
page-invalid-next = Please open the link from the most recent email once more. If that does not help, please contact us.

page-trouble-title = We cannot answer right now
page-trouble-lead = Something is temporarily not working on our side. Nothing is lost, and your link stays valid.
page-trouble-next = Please try again in a few minutes. If you have just given an answer, open the link from the email again: the page shows whether it has reached us.

page-home-title = Rescind is running
page-home-lead = This service looks after privacy requests. To answer one, please use the personal link in the email you received.

# The subject's own page.
page-granted-preferences = You can withdraw your consent at any time with effect for the future: on your own page, with two clicks.
page-preferences-title = Your consents
page-preferences-lead = Here you see what you have agreed to with { $controller }. You can withdraw it at any time.
page-preferences-done = Your choice is recorded and takes effect at once.
page-preferences-nothing = At present nothing here needs your consent.
page-preferences-personal = This address is personal and stays valid. Whoever has it can see the choices above and withdraw consent, but learns neither your name nor your address.
page-state-granted = You have agreed, since { $date }.
page-state-ends = The consent ends by itself on { $date }.
page-state-unconfirmed = You agreed on { $date }. It does not count until you have confirmed it again.
page-state-none = You have not agreed to this.
page-state-requested = You were asked on { $date } and have not answered yet.
page-state-refused = You did not agree ({ $date }).
page-state-withdrawn = You withdrew your consent on { $date }.
page-state-expired = Your consent ended on { $date }.
page-state-customer = You bought from us on { $date } and did not object: we may tell you about similar products or services of our own.
page-state-objected = You objected on { $date }. We do not write to you about this.
page-similar-to = Similar to what you bought: { $what }.
page-wording-agreed = What you agreed to
page-withdraw-one = Withdraw: { $purpose }
page-withdraw-all = Withdraw everything
page-withdraw-title = Withdraw your consent?
page-withdraw-lead = You are about to tell { $controller } that your data may no longer be used for:
page-withdraw-effect = This takes effect at once. What was done until now remains lawful. You suffer no disadvantage and can agree again whenever you like.
page-withdraw-yes = Yes, withdraw
page-withdraw-no = Back, change nothing
page-stop-one = Stop: { $purpose }
page-stop-title = Stop this?
page-stop-effect = This takes effect at once and for good: no later purchase changes it. You suffer no disadvantage.
page-stop-yes = Yes, stop

# Giving and correcting, after a mailed code.
page-change-title = Give consent, correct data
page-change-lead = Both take a code that we send to your email address, so that nobody else can do it for you.
page-change-link = Give consent or correct data
page-back = Back to your consents
page-unlock-title = First, a code by email
page-unlock-lead = To give consent or correct your data, you need a code. We send it to the email address that we know of you. So nobody can do this in your place, even if this page was passed on.
page-unlock-send = Send me the code
page-unlock-sent = We have sent you an email with a code of eight digits. It is valid for { $minutes } minutes.
page-unlock-code = Code
page-unlock-go = Continue
page-unlock-again = Send a new code
page-unlock-wrong = This code is not right, or no longer valid. Please check it, or have a new one sent.
page-unlock-many = Too many emails were asked for at this address. Please try again tomorrow. You can withdraw consent at any time, without a code.
page-unlock-unreachable = We know no email address by which we reach you. Please write to the address below.
page-unlock-closed = Your data are restricted at present and may not be changed. You can still withdraw consent.
page-unlock-stale = The time for changes is over. Please have a new code sent.
page-edit-offers = What you can agree to
page-edit-no-offers = At present there is nothing more that you could agree to.
page-edit-fields = Your data
page-edit-empty = Leave a field empty to have the value erased.
page-edit-save = Save
page-tick-only = Please tick the box if you agree.
page-field-wrong = Please check this value.

# The privacy notice.
page-privacy-title = Privacy notice
page-privacy-officer = Data protection officer
page-privacy-purposes = What we use personal data for
page-privacy-data = Which data
page-privacy-interests = Our legitimate interests
page-privacy-period = How long
page-privacy-period-default = As long as this purpose needs them, and as the law demands.
page-privacy-marketing = This is direct marketing. You can object to it at any time, without giving reasons; we then stop at once.
page-privacy-recipients = Who receives data
page-privacy-transfers = Transfers outside the European Economic Area
page-privacy-origins = Where the data come from
page-privacy-rights = Your rights
page-privacy-authority = Supervisory authority
page-privacy-not-providing = If data are not provided
page-privacy-automated = Automated decisions
page-privacy-automated-none = There are no decisions based solely on automated processing, including profiling, that have legal or similarly significant effects (Art. 22 GDPR).
page-basis-consent = It rests on your consent (Art. 6(1)(a) GDPR).
page-basis-contract = It is needed for a contract with you, or to prepare one at your request (Art. 6(1)(b) GDPR).
page-basis-legal-obligation = A law obliges us to it (Art. 6(1)(c) GDPR).
page-basis-vital-interests = It protects somebody’s vital interests (Art. 6(1)(d) GDPR).
page-basis-public-task = It is needed for a task in the public interest (Art. 6(1)(e) GDPR).
page-basis-legitimate-interest = It rests on legitimate interests (Art. 6(1)(f) GDPR).
page-basis-soft-opt-in = You gave us your contact details with a purchase and can object at any time: we tell you about similar products or services of our own (Art. 13(2) of Directive 2002/58/EC).
page-basis-special = Specially protected data are used only with your explicit consent (Art. 9(2)(a) GDPR).
page-right-access = Access: to learn whether and which data about you we process, and to get a copy of them (Art. 15 GDPR).
page-right-rectification = Rectification: to have wrong data corrected and incomplete data completed (Art. 16 GDPR).
page-right-erasure = Erasure: to have data erased, if there is no reason left to keep them (Art. 17 GDPR).
page-right-restriction = Restriction: to have data kept but not used, for instance while it is examined whether they are right (Art. 18 GDPR).
page-right-portability = Portability: to receive data that you have given us in a machine-readable form, or have them sent to somebody else (Art. 20 GDPR).
page-right-object = Objection: to object at any time, on grounds relating to your particular situation, to processing that rests on legitimate interests or a public task, and without any grounds to direct marketing (Art. 21 GDPR).
page-right-withdraw = Withdrawal: to withdraw consent at any time. What was done until then remains lawful (Art. 7(3) GDPR).
page-right-complain = Complaint: to complain to a supervisory authority, in particular where you live or work, or where the infringement took place (Art. 77 GDPR).
page-right-how = A message to the address above is enough. It costs you nothing.

# A form for consent.
page-form-lead = { $controller } asks for your consent. Please answer each question; both answers are equally good.
page-form-stale = This page was open for too long. Please check your answers and send them once more.
page-form-many = Too much has been asked for in a short time. Please try again later.
page-form-answer-missing = Please choose one of the two answers.
page-form-email = Email address
page-form-email-hint = We send you an email in which you confirm what you have agreed to.
page-form-email-wrong = Please enter an email address, like ana@example.org.
page-form-terms = I accept: { $content }, version { $version }
page-form-terms-missing = Please accept the terms, or leave this page.
page-form-send = Send answers
page-form-sent-title = Thank you for your answers
page-form-sent-lead = If there is something to confirm, an email is on its way to the address that you entered. What you have agreed to counts only when you confirm it there.
page-form-sent-next = If nothing arrives, please check the address and the folder for unwanted mail, or try again tomorrow.
page-form-none = You have not agreed to anything, so nothing was stored and no email is sent.

# Topics.
page-topic-left = { $topic }: you left this topic on { $date }.
page-topic-leave = Leave: { $topic }
page-topic-title = Leave this topic?
page-topic-lead = From now on { $controller } sends you nothing more about: { $topic }.
page-topic-stays = Your consent to “{ $purpose }” stays as it is.
page-topic-yes = Yes, leave
page-topics-left = Topics that you have left
page-topic-choose = Choose again: { $topic } ({ $purpose })

page-email-title = Confirm your new email address
page-email-lead = From now on, mails of { $controller } go to the address at which you received this link.
page-email-yes = Yes, this is my address
page-email-done-title = Your address is changed
page-email-done-lead = Mails of { $controller } now go to your new address. Consent that you confirmed at the old one has to be confirmed anew before it serves for mailings.
page-email-taken = This address cannot be taken over here, because it is already used by another person. Please write to the address below.
page-edit-email = Email address
page-edit-email-now = At present: { $address }
page-edit-email-new = New email address
page-edit-email-send = Send a link to the new address
page-edit-email-sent = We have sent a link to the new address. The change counts once you have opened it and confirmed.
page-edit-email-hint = Until you open the link that we send there and confirm, everything stays as it is.
