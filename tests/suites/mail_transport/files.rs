//! Mails as files: the Maildir and the development mailbox.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rescind_tests::temp_folder::TempFolder;
use rescind_worker::config;
use rescind_worker::mail::transport::mailbox::Mailbox;
use rescind_worker::mail::transport::maildir::Maildir;
use rescind_worker::mail::transport::{Delivery, OpenError, Phase, Transport, TroubleKind};

use super::{mail, send, send_one};

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        files.map(|file| file.expect("listed").file_name().into_string().expect("plain")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_repeat_replaces_the_file_in_the_maildir() {
    let folder = TempFolder::new("maildir");
    let root = folder.path().join("deep/maildir");
    let transport = Transport::Maildir(Maildir::open(&root).expect("it can be made"));
    let group = || vec![mail(1, "ana"), mail(2, "ben")];
    assert_eq!(send(&transport, group()).await, [Delivery::Sent; 2]);
    assert_eq!(send(&transport, group()).await, [Delivery::Sent; 2]);
    assert_eq!(names(&root.join("new")), ["1@mail.example.org", "2@mail.example.org"]);
    assert!(names(&root.join("tmp")).is_empty());
    let stored = std::fs::read(root.join("new/1@mail.example.org")).expect("stored");
    assert_eq!(stored, mail(1, "ana").bytes);
    let mode = |path: &str| std::fs::metadata(root.join(path)).expect("there").permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("tmp"), mode("new"), mode("cur")], [0o700; 4]);
    assert_eq!(mode("new/1@mail.example.org"), 0o600);
}

#[tokio::test]
async fn the_configuration_chooses_the_transport() {
    let folder = TempFolder::new("maildir");
    let (maildir, mailbox) = (folder.path().join("maildir"), folder.path().join("mailbox"));
    for (chosen, file) in [
        (config::Transport::Maildir(maildir.clone()), maildir.join("new/1@mail.example.org")),
        (config::Transport::Mailbox(mailbox.clone()), mailbox.join("1@mail.example.org.eml")),
    ] {
        let transport = Transport::open(&chosen).expect("it can be opened");
        assert_eq!(transport.connections(), 1);
        assert_eq!(send_one(&transport, mail(1, "ana")).await, Delivery::Sent);
        assert!(file.is_file());
    }
    std::fs::write(folder.path().join("file"), "x").expect("written");
    let below_a_file = config::Transport::Maildir(folder.path().join("file/maildir"));
    assert!(matches!(Transport::open(&below_a_file), Err(OpenError::Folder(_))));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_defers_the_mail() {
    let folder = TempFolder::new("maildir");
    let transport = Transport::Maildir(Maildir::open(folder.path()).expect("it can be made"));
    std::fs::remove_dir_all(folder.path().join("new")).expect("it is ours");
    let outcome = send_one(&transport, mail(1, "ana")).await;
    let Delivery::Deferred(trouble) = outcome else { panic!("{outcome:?}") };
    assert_eq!((trouble.phase, trouble.kind), (Phase::Store, TroubleKind::Storage));
}

#[tokio::test]
async fn the_mailbox_lists_the_newest_first_and_shows_a_mail() {
    let folder = TempFolder::new("mailbox");
    let mailbox = Mailbox::open(folder.path().join("mailbox")).expect("it can be made");
    let transport = Transport::Mailbox(mailbox.clone());
    for number in 1..=5 {
        assert_eq!(send_one(&transport, mail(number, "ana")).await, Delivery::Sent);
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
    }
    let list = mailbox.list(3).await.expect("it can be read");
    let subjects: Vec<&str> = list.iter().map(|entry| entry.subject.as_str()).collect();
    assert_eq!(subjects, ["number 5", "number 4", "number 3"]);
    assert_eq!((list[0].from.as_str(), list[0].to.as_str()), ("privacy@example.org", "ana@example.net"));
    assert!(list[0].received_at >= list[1].received_at);

    let id = &list[0].id;
    assert_eq!(mailbox.read(id).await.expect("it can be read"), Some(mail(5, "ana").bytes));
    let view = mailbox.view(id).await.expect("it can be read").expect("it is there");
    assert_eq!(view.entry.subject, "number 5");
    assert_eq!(view.text.as_deref(), Some("Text 5\r\n.\r\nafter the dot\r\n"));
    assert_eq!(view.html, None);
    assert_eq!(view.headers[0], ("Message-ID".to_owned(), "<5@mail.example.org>".to_owned()));
    assert!(mailbox.list(0).await.expect("it can be read").is_empty());
}

#[tokio::test]
async fn no_id_leads_out_of_the_mailbox() {
    let folder = TempFolder::new("mailbox");
    std::fs::write(folder.path().join("secret.eml"), "Subject: secret\r\n\r\nx").expect("written");
    let mailbox = Mailbox::open(folder.path().join("mailbox")).expect("it can be made");
    std::os::unix::fs::symlink(folder.path().join("secret.eml"), folder.path().join("mailbox/link.eml"))
        .expect("linked");
    let absolute = folder.path().join("secret");
    for id in [
        "../secret",
        "..",
        "",
        ".",
        "link",
        "a/../../secret",
        "nobody@example.org",
        absolute.to_str().expect("plain"),
    ] {
        assert_eq!(mailbox.read(id).await.expect("it can be read"), None, "{id}");
        assert!(mailbox.view(id).await.expect("it can be read").is_none(), "{id}");
    }
    assert!(mailbox.list(10).await.expect("it can be read").is_empty());
}
