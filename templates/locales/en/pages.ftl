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
