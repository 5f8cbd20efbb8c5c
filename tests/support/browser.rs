//! A real browser for a test: Debian's Chromium without a window, driven by its chromedriver over WebDriver (W3C). Small,
//! because a test needs little of it: open, read, type, press, look.

use crate::app::{PATIENCE, client};
use crate::temp_folder::TempFolder;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// The accessibility rules of axe-core, see `tests/browser/axe-core`.
const AXE: &str = include_str!("../browser/axe-core/axe.min.js");
/// WCAG 2.2, levels A and AA, as axe-core names their rules.
const WCAG: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/// The name of an element in answers (WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How the browser is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// As usual.
    On,
    /// The pages may run none.
    Off,
}

/// What the reader looks at the page with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A window on a desk, in light colours.
    Desk,
    /// A small phone, in dark colours.
    Phone,
}

impl Screen {
    const fn size(self) -> (u32, u32) {
        match self {
            Self::Desk => (1280, 900),
            Self::Phone => (360, 740),
        }
    }
}

/// A running browser.
pub struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    // removed last, when nothing writes into it any more
    _profile: TempFolder,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // ending the session ends the browser; a driver that is killed would leave it running
        let _ = self.end();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no Chromium; `scripts/test` installs it.
    pub async fn start(scripts: Scripts) -> Self {
        let profile = TempFolder::new("browser");
        // it takes one port for two addresses, and ends where somebody else has it for one of them
        let (driver, port) = (0..5).find_map(|_| driver()).expect("it says where it listens");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
        ];
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments: Vec<&str> = arguments.into_iter().chain([folder.as_str()]).collect();
        // 1: allowed, 2: blocked
        let javascript = if scripts == Scripts::On { 1 } else { 2 };
        let preferences = json!({"profile.managed_default_content_settings.javascript": javascript});
        let options = json!({"args": arguments, "prefs": preferences});
        // what is pressed may be answered before the page that it leads to has come
        let timeouts = json!({"implicit": 20_000});
        let always = json!({"goog:chromeOptions": options, "timeouts": timeouts});
        let wanted = json!({"capabilities": {"alwaysMatch": always}});
        let http = client();
        let base = format!("http://127.0.0.1:{port}/session");
        let started = call(http.post(&base).timeout(PATIENCE * 3).json(&wanted)).await;
        let session = format!("{base}/{}", started["sessionId"].as_str().expect("a session"));
        let browser = Self { driver, session, http, _profile: profile };
        browser.look_with(Screen::Desk).await;
        browser
    }

    /// Ends the session, without a runtime: a test that fails is unwinding.
    fn end(&self) -> std::io::Result<()> {
        let (host, path) = self.session["http://".len()..].split_once('/').unwrap_or_default();
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        // answered when the browser is gone
        stream.read(&mut [0; 64]).map(drop)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        call(self.http.post(format!("{}/{path}", self.session)).json(&body)).await
    }

    async fn read(&self, path: &str) -> Value {
        call(self.http.get(format!("{}/{path}", self.session))).await
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.post("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await;
    }

    /// Looks with another screen.
    pub async fn look_with(&self, screen: Screen) {
        let (width, height) = screen.size();
        let (phone, colours) =
            (screen == Screen::Phone, if screen == Screen::Phone { "dark" } else { "light" });
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": colours}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.post("url", json!({"url": url})).await;
    }

    /// The address that is shown.
    pub async fn url(&self) -> String {
        self.read("url").await.as_str().expect("an address").to_owned()
    }

    /// The text of the page as it is seen.
    pub async fn text(&self) -> String {
        let text = self.with("body", async |body| {
            attempt(self.http.get(format!("{}/element/{body}/text", self.session))).await
        });
        text.await.as_str().expect("a text").to_owned()
    }

    /// The first element that a CSS selector finds.
    async fn find(&self, selector: &str) -> String {
        let found = self.post("element", json!({"using": "css selector", "value": selector})).await;
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no {selector}: {found}")).to_owned()
    }

    /// Presses, ticks or follows what a CSS selector finds.
    pub async fn press(&self, selector: &str) {
        self.with(selector, async |element| self.act(element, "click", json!({})).await).await;
    }

    /// Types into what a CSS selector finds, in place of what stands there.
    pub async fn write(&self, selector: &str, text: &str) {
        let written = self.with(selector, async |element| {
            self.act(element, "clear", json!({})).await?;
            self.act(element, "value", json!({"text": text})).await
        });
        written.await;
    }

    /// Does something with what a CSS selector finds; with what it finds then, if the page has gone in between: what is
    /// pressed may be answered before the page that it leads to has come.
    async fn with(&self, selector: &str, act: impl AsyncFn(&str) -> Result<Value, Value>) -> Value {
        let started = Instant::now();
        loop {
            let element = self.find(selector).await;
            match act(&element).await {
                Ok(answer) => return answer,
                Err(why) => {
                    let gone = why["error"] == "stale element reference" && started.elapsed() < PATIENCE;
                    assert!(gone, "the browser does not: {}", why["message"]);
                }
            }
        }
    }

    async fn act(&self, element: &str, what: &str, body: Value) -> Result<Value, Value> {
        attempt(self.http.post(format!("{}/element/{element}/{what}", self.session)).json(&body)).await
    }

    /// Everything on the page that breaks a rule of WCAG 2.2 AA, one line each; and whether it is wider than the screen.
    pub async fn barriers(&self, screen: Screen) -> Vec<String> {
        let script = format!(
            "{AXE}; const done = arguments[arguments.length - 1]; \
             axe.run(document, {{runOnly: {{type: 'tag', values: arguments[0]}}}}) \
               .then(found => done(found.violations.map(v => v.id + ': ' + v.help + ': ' \
                 + v.nodes.map(n => n.html + ' ' + n.any.concat(n.all, n.none).map(c => c.message).join(' ')).join(' | '))), \
                     error => done(['axe: ' + error])); "
        );
        let found = self.post("execute/async", json!({"script": script, "args": [WCAG]})).await;
        let mut lines: Vec<String> = serde_json::from_value(found).expect("a list");
        let width = "return document.documentElement.scrollWidth";
        let width = self.post("execute/sync", json!({"script": width, "args": []})).await;
        let allowed = screen.size().0;
        if width.as_u64().is_none_or(|width| width > u64::from(allowed)) {
            lines.push(format!("it is {width} px wide, and the screen {allowed}"));
        }
        lines
    }

    /// Keeps a picture of the whole page in the folder that `RESCIND_TEST_SCREENSHOTS` names, if it names one.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("RESCIND_TEST_SCREENSHOTS") else { return };
        let whole = json!({"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": true}});
        let picture = self.post("goog/cdp/execute", whole).await;
        let bytes = picture["data"].as_str().expect("a picture").as_bytes();
        let bytes = data_encoding::BASE64.decode(bytes).expect("base64");
        std::fs::create_dir_all(&folder).expect("the folder");
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).expect("the picture");
    }
}

/// Starts a driver, and tells where it listens.
fn driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed; scripts/test does that");
    let lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
    });
    if port.is_none() {
        driver.wait().expect("it has ended");
    }
    Some((driver, port?))
}

async fn call(request: reqwest::RequestBuilder) -> Value {
    attempt(request).await.unwrap_or_else(|why| panic!("the browser does not: {}", why["message"]))
}

/// The driver's answer, or its error.
async fn attempt(request: reqwest::RequestBuilder) -> Result<Value, Value> {
    let response = request.send().await.expect("the driver answers");
    let status = response.status();
    let answer: Value = response.json().await.expect("JSON");
    let value = answer["value"].clone();
    if status.is_success() { Ok(value) } else { Err(value) }
}
