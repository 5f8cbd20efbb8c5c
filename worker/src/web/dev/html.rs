//! The HTML of the development mailbox. For developers, hence in English, and plain.

use crate::mail::transport::mailbox::{Entry, View};
use std::fmt::Write as _;

/// The list. It may hold addresses and subjects that anybody wrote, so everything is escaped.
pub(super) fn list(entries: &[Entry], most: usize) -> String {
    let mut rows = String::new();
    for entry in entries {
        // writing to a String cannot fail, here and below
        let _ = writeln!(
            rows,
            "<dt><a href=\"/dev/mailbox/{}\">{}</a></dt>\n<dd>{}<br><span class=\"quiet\">{}</span></dd>",
            path(&entry.id),
            escape(if entry.subject.is_empty() { "(no subject)" } else { &entry.subject }),
            escape(&entry.to),
            entry.received_at.format("%Y-%m-%d %H:%M:%S UTC"),
        );
    }
    let body = if rows.is_empty() {
        "<p>No mail yet. Send a message, then load this page again.</p>".to_owned()
    } else {
        format!("<dl>\n{rows}</dl>")
    };
    let note = format!(
        "<p class=\"quiet\">Mails stay on this machine; none of them was sent. The newest {most} are shown.</p>"
    );
    page("Development mailbox", &format!("<h1>Development mailbox</h1>\n{note}\n{body}"))
}

/// One mail: headers, the HTML part in a frame without rights, and the text part with its links.
pub(super) fn mail(view: &View) -> String {
    let id = path(&view.entry.id);
    let mut body = format!(
        "<p><a href=\"/dev/mailbox\">All mails</a></p>\n<h1>{}</h1>\n<p>{} → {}</p>\n",
        escape(&view.entry.subject),
        escape(&view.entry.from),
        escape(&view.entry.to)
    );
    if view.html.is_some() {
        let _ = writeln!(
            body,
            "<h2>HTML</h2>\n<p><a href=\"/dev/mailbox/{id}/html\" target=\"_blank\" rel=\"noreferrer\">In a window \
             of its own</a></p>\n<iframe src=\"/dev/mailbox/{id}/html\" title=\"The mail as HTML\" width=\"100%\" \
             height=\"720\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\"></iframe>"
        );
    }
    if let Some(text) = &view.text {
        let _ = writeln!(body, "<h2>Text</h2>\n<pre>{}</pre>", linked(text));
    }
    if !view.attachments.is_empty() {
        let names: Vec<_> = view.attachments.iter().map(|name| escape(name)).collect();
        let _ = writeln!(body, "<h2>Attached</h2>\n<p>{}</p>", names.join(", "));
    }
    body.push_str("<h2>Headers</h2>\n<pre>");
    for (name, value) in &view.headers {
        let _ = writeln!(body, "{}: {}", escape(name), escape(value));
    }
    let _ = writeln!(body, "</pre>\n<p><a href=\"/dev/mailbox/{id}/raw\">As it was composed</a></p>");
    page("Mail", &body)
}

/// The HTML of a mail with its links opening outside of the frame, which the pages behind them refuse to be shown in.
pub(super) fn with_links_outside(mail: &str) -> String {
    const BASE: &str = "<base target=\"_blank\">";
    match mail.to_ascii_lowercase().find("<head>") {
        Some(start) => {
            let (head, rest) = mail.split_at(start + "<head>".len());
            format!("{head}{BASE}{rest}")
        }
        None => format!("{BASE}{mail}"),
    }
}

/// Every http and https address of a text, in order.
pub(super) fn links(text: &str) -> Vec<&str> {
    pieces(text).filter_map(|(piece, is_link)| is_link.then_some(piece)).collect()
}

fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (piece, is_link) in pieces(text) {
        let shown = escape(piece);
        let _ = match is_link {
            true => write!(out, "<a href=\"{shown}\" target=\"_blank\" rel=\"noreferrer\">{shown}</a>"),
            false => write!(out, "{shown}"),
        };
    }
    out
}

/// A text in pieces, each with whether it is an address.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split_inclusive(char::is_whitespace).flat_map(|word| {
        let start = word.find("https://").or_else(|| word.find("http://")).unwrap_or(word.len());
        let (before, rest) = word.split_at(start);
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ')' | ']'))
            .unwrap_or(rest.len());
        // a full stop ends the sentence, not the address
        let link = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let after = &rest[link.len()..];
        [(before, false), (link, !link.is_empty()), (after, false)]
    })
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// An id as part of a path. Ids are names of files that the mailbox has checked; the plus sign and everything else
/// that means something in an address is encoded all the same.
fn path(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_and_all_else_is_escaped() {
        let text = "Open <https://a.example/c/x?lang=de>.\nOr http://b.example/y, <script>\"&'";
        assert_eq!(links(text), ["https://a.example/c/x?lang=de", "http://b.example/y"]);
        let html = linked(text);
        assert!(html.contains(r#"<a href="http://b.example/y" target="_blank" rel="noreferrer">"#), "{html}");
        assert!(html.contains("&lt;script&gt;&quot;&amp;&#39;") && !html.contains("<script>"), "{html}");
        assert!(html.starts_with("Open &lt;<a href=") && html.contains("</a>&gt;.\n"), "{html}");
    }

    #[test]
    fn links_of_a_mail_leave_its_frame() {
        let mail = "<!doctype html><html><HEAD><title>ä</title></HEAD><body></body></html>";
        let shown = with_links_outside(mail);
        assert!(shown.contains("<HEAD><base target=\"_blank\"><title>ä"), "{shown}");
        assert!(with_links_outside("<p>x").starts_with("<base"));
    }

    #[test]
    fn an_id_is_one_segment_of_a_path() {
        assert_eq!(path("a+b@c.example"), "a%2Bb@c.example");
        assert_eq!(path("../x"), "..%2Fx");
    }
}
