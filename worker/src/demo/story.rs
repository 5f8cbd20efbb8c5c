//! The story of every capability so far.

use super::DemoError;
use crate::mail::transport::Transport;
use crate::mail::transport::mailbox::View;
use crate::store::outbox::MailState;
use crate::store::{registers, rights};
use crate::worker::Worker;
use rescind_jobs::model::NoticeState;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

/// Who the story is about.
const ANA: &str = "ana@example.org";

/// Plays it.
pub(super) async fn play(worker: &Worker, out: &mut (dyn Write + Send)) -> Result<(), DemoError> {
    let mut story = Story {
        base: format!("http://{}", worker.http),
        http: client()?,
        worker,
        out,
        number: 0,
        id: worker.engine.clock().now().micros(),
    };
    story.double_opt_in().await?;
    story.withdrawal().await?;
    writeln!(story.out, "\nEvery step held.")?;
    Ok(())
}

/// A first message, to be pasted into a shell.
pub(super) fn first_message(base: &str) -> String {
    format!(
        "curl -s {base}/v1/messages -H 'content-type: application/json' -d '{{\n  \"specversion\": \"1.0\", \"id\": \
         \"my-first\", \"source\": \"shop\", \"type\": \"consent.request.v1\",\n  \"time\": \"'\"$(date -u \
         +%FT%TZ)\"'\",\n  \"data\": {{\"subject\": {{\"email\": \"you@example.org\", \"locale\": \"en\"}}, \
         \"contents\": [\"newsletter\"]}}}}'"
    )
}

fn client() -> Result<reqwest::Client, DemoError> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .no_proxy()
        .build()
        .map_err(|_| failed("start", "no HTTP client"))
}

fn failed(step: &'static str, why: impl Into<String>) -> DemoError {
    DemoError::Step { step, why: why.into() }
}

struct Story<'a> {
    base: String,
    http: reqwest::Client,
    worker: &'a Worker,
    out: &'a mut (dyn Write + Send),
    number: usize,
    id: i64,
}

impl Story<'_> {
    async fn double_opt_in(&mut self) -> Result<(), DemoError> {
        let step = "an app asks for consent";
        let subject = json!({"email": ANA, "name": "Ana", "locale": "en", "ids": {"shop": "4711"}});
        let evidence = json!({"ip": "203.0.113.7", "form": "footer/3"});
        let data = json!({"subject": subject, "contents": ["newsletter"], "evidence": evidence});
        self.send(step, "consent.request.v1", &data).await?;
        self.tell(
            step,
            "POST /v1/messages  consent.request.v1 for the content \"newsletter\": 202, committed",
        )?;

        let step = "asking is not consent";
        self.gate(step, false, "consent_requested").await?;
        self.tell(step, "POST /v1/gate  may \"newsletter\" be processed for Ana?  no: consent_requested")?;

        let step = "a mail leaves";
        let (id, mail) = self.mail(step, 1).await?;
        let link = link(&mail).ok_or_else(|| failed(step, "the mail has no link"))?;
        self.tell(
            step,
            &format!("\"{}\"\n     {}/dev/mailbox/{id}\n     {link}", mail.entry.subject, self.base),
        )?;

        let step = "a link scanner visits";
        let page = self.get(step, &link).await?;
        self.gate(step, false, "consent_requested").await?;
        self.tell(step, "GET of the link: the page is shown, nothing is granted")?;

        let step = "a script sends the form without the box";
        let nonce = nonce(&page).ok_or_else(|| failed(step, "the page has no nonce"))?;
        let status = self.post(step, &link, &[("nonce", &nonce), ("answer", "granted")]).await?;
        if status != 422 {
            return Err(failed(step, format!("status {status}")));
        }
        self.gate(step, false, "consent_requested").await?;
        self.tell(step, "POST without the ticked box: 422, nothing is granted")?;

        let step = "Ana ticks the box and agrees";
        let form = [("nonce", nonce.as_str()), ("answer", "granted"), ("agree", "yes")];
        let status = self.post(step, &link, &form).await?;
        if status != 303 {
            return Err(failed(step, format!("status {status}")));
        }
        self.gate(step, true, "consent_granted").await?;
        self.tell(step, "the gate now says yes: consent_granted, with what proves it in the register")?;

        let step = "the apps are told";
        self.event(step, "consent.granted.v1").await?;
        self.tell(step, "event consent.granted.v1 (kept to be read; with RabbitMQ it goes to privacy.events)")
    }

    async fn withdrawal(&mut self) -> Result<(), DemoError> {
        let step = "Ana withdraws while a mail to her is queued";
        let ana = json!({"ids": {"shop": "4711"}});
        let asked = json!({"subject": ana, "contents": ["recommendations"]});
        let withdrawn = json!({"subject": ana, "purposes": "all", "reason": "too-many"});
        self.send_all(step, &[("consent.request.v1", &asked), ("consent.withdraw.v1", &withdrawn)]).await?;
        self.gate(step, false, "consent_withdrawn").await?;
        self.suppressed(step).await?;
        self.tell(
            step,
            "consent.withdraw.v1 by her id in the shop: the gate says no at once, the queued mail does not leave",
        )?;

        let step = "apps are told to stop";
        self.event(step, "consent.withdrawn.v1").await?;
        self.event(step, "processing.stop.v1").await?;
        self.tell(step, "events consent.withdrawn.v1 and processing.stop.v1")?;

        let step = "staff are told to stop";
        let (id, mail) = self.mail(step, 2).await?;
        let link = link(&mail).ok_or_else(|| failed(step, "the mail has no link"))?;
        self.tell(
            step,
            &format!(
                "one notice to Bea, who handles the newsletter, in German: \"{}\"\n     {}/dev/mailbox/{id}",
                mail.entry.subject, self.base
            ),
        )?;

        let step = "Bea acknowledges";
        let page = self.get(step, &link).await?;
        let nonce = nonce(&page).ok_or_else(|| failed(step, "the page has no nonce"))?;
        let status = self.post(step, &link, &[("nonce", &nonce)]).await?;
        if status != 303 {
            return Err(failed(step, format!("status {status}")));
        }
        self.acknowledged(step).await?;
        self.tell(step, "by the link in her mail; `rescind staff notices --open` shows nobody who has not")?;

        let step = "a late message changes nothing";
        let consents = json!([{"category": "marketing", "content": "newsletter", "answer": "agree"}]);
        let data =
            json!({"subject": {"email": ANA}, "consents": consents, "given_at": "2026-01-02T00:00:00Z"});
        self.send(step, "consent.record.v1", &data).await?;
        self.gate(step, false, "consent_withdrawn").await?;
        self.tell(step, "consent.record.v1 of a grant older than the withdrawal: recorded, without effect")
    }

    fn tell(&mut self, step: &str, what: &str) -> Result<(), DemoError> {
        self.number += 1;
        writeln!(self.out, "{:2}. {step}\n     {what}", self.number)?;
        Ok(())
    }

    async fn send(&mut self, step: &'static str, kind: &str, data: &Value) -> Result<(), DemoError> {
        self.send_all(step, &[(kind, data)]).await
    }

    /// Sends messages together.
    async fn send_all(&mut self, step: &'static str, messages: &[(&str, &Value)]) -> Result<(), DemoError> {
        let mut batch = Vec::new();
        for (kind, data) in messages {
            self.id += 1;
            batch.push(json!({
                "specversion": "1.0", "id": format!("demo-{}", self.id), "source": "shop", "type": kind,
                "time": self.worker.engine.clock().now(), "data": data,
            }));
        }
        let body = if let [one] = batch.as_slice() { one.clone() } else { Value::Array(batch) };
        let request = self.http.post(format!("{}/v1/messages", self.base)).json(&body);
        let answer = request.send().await.map_err(|e| failed(step, e.to_string()))?;
        let status = answer.status().as_u16();
        if status == 202 {
            return Ok(());
        }
        Err(failed(step, format!("status {status}: {}", answer.text().await.unwrap_or_default())))
    }

    async fn gate(&self, step: &'static str, allowed: bool, reason: &str) -> Result<(), DemoError> {
        let question = json!({"subject": {"email": ANA}, "purpose": "newsletter"});
        let request = self.http.post(format!("{}/v1/gate", self.base)).json(&question);
        let answer: Value = async { request.send().await?.json().await }
            .await
            .map_err(|e: reqwest::Error| failed(step, e.to_string()))?;
        if answer["allowed"] == json!(allowed) && answer["reason"] == json!(reason) {
            return Ok(());
        }
        Err(failed(step, format!("the gate answers {answer}")))
    }

    async fn get(&self, step: &'static str, url: &str) -> Result<String, DemoError> {
        async { self.http.get(url).send().await?.error_for_status()?.text().await }
            .await
            .map_err(|e: reqwest::Error| failed(step, e.to_string()))
    }

    async fn post(&self, step: &'static str, url: &str, form: &[(&str, &str)]) -> Result<u16, DemoError> {
        let answer = self.http.post(url).form(form).send().await;
        answer.map(|a| a.status().as_u16()).map_err(|e| failed(step, e.to_string()))
    }

    /// Waits for the n-th mail.
    async fn mail(&self, step: &'static str, n: usize) -> Result<(String, View), DemoError> {
        let opened =
            Transport::open(&self.worker.config.mail.transport).map_err(|e| failed(step, e.to_string()))?;
        let Transport::Mailbox(mailbox) = opened else {
            return Err(failed(step, "mail does not go to the mailbox"));
        };
        for _ in 0..500 {
            let entries = mailbox.list(n + 1).await.map_err(|e| failed(step, e.to_string()))?;
            if entries.len() >= n
                && let Some(entry) = entries.first()
                && let Some(view) = mailbox.view(&entry.id).await.map_err(|e| failed(step, e.to_string()))?
            {
                return Ok((entry.id.clone(), view));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(failed(step, "no mail came within ten seconds"))
    }

    /// Waits until the queued mail is suppressed, and nothing else has left.
    async fn suppressed(&self, step: &'static str) -> Result<(), DemoError> {
        let pool = self.worker.engine.pool();
        for _ in 0..500 {
            let found = registers::mail_list(pool, Some(MailState::Suppressed), None, 2).await;
            if found.map_err(|e| failed(step, e.to_string()))?.len() == 1 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(failed(step, "the queued mail was not suppressed within ten seconds"))
    }

    /// Nobody is left who has not acknowledged.
    async fn acknowledged(&self, step: &'static str) -> Result<(), DemoError> {
        let open = rights::notices(self.worker.engine.pool(), Some(NoticeState::Open), None, 1).await;
        match open.map_err(|e| failed(step, e.to_string()))?.is_empty() {
            true => Ok(()),
            false => Err(failed(step, "a notice is still open")),
        }
    }

    /// Waits for an event.
    async fn event(&self, step: &'static str, kind: &str) -> Result<(), DemoError> {
        for _ in 0..500 {
            let told = crate::store::outbox::events::told(self.worker.engine.pool(), kind).await;
            if told.map_err(|e| failed(step, e.to_string()))? > 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(failed(step, "the event was not told within ten seconds"))
    }
}

/// The personal link of a mail.
fn link(mail: &View) -> Option<String> {
    let text = mail.text.as_deref()?;
    let link = text[text.find("http://")?..].split_whitespace().next()?;
    Some(link.trim_end_matches(['.', ',', '>']).to_owned())
}

/// The hidden nonce of a page.
fn nonce(page: &str) -> Option<String> {
    let from = page.find("name=\"nonce\"")?;
    page[from..].split("value=\"").nth(1)?.split('"').next().map(str::to_owned)
}
