//! The metrics of a running bot: what they count, what they never show, and that the dashboard asks for what there is.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use addx_sim::{port::ReservedPort, x::AccessLevel};
use serde_json::json;

use crate::{
    story::{self, in_order},
    world::{PATIENCE, World},
};

/// Where the bot says that its metrics are.
async fn address(world: &World) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = world.log();
        let line = log
            .lines()
            .find(|line| line.contains("the metrics can be fetched"));
        if let Some((_, address)) = line.and_then(|line| line.split_once("address=")) {
            return address.trim().to_owned();
        }
        assert!(Instant::now() < deadline, "no address in\n{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn fetch(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Every word of the text that looks like the name of one of the metrics.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| word.starts_with("addx_"))
        .collect()
}

#[tokio::test]
async fn the_metrics_count_a_conversation_and_show_nothing_of_it() {
    let world = World::new(1).await;
    let mut bot = world.start(&[("ADDX_METRICS_ADDR", "127.0.0.1:0")]);
    let address = address(&world).await;
    let ada = world.telegram.new_user("Ada", Some("ada_handle"));
    let (_, _, values) = world.working_values("seedling");
    story::link(&ada, &values).await.unwrap();
    let stray = ada.say(in_order(&values)[1]);
    ada.wait_deleted(stray.message_id).await.unwrap();
    ada.say("/help");
    ada.wait_text("/privacy").await.unwrap();
    world.telegram.settled().await.unwrap();

    let page = fetch(&address, "/metrics");
    for line in [
        // The command, four values, the stray one, /help.
        "addx_updates_total{kind=\"message\",outcome=\"handled\"} 7",
        "addx_updates_total{kind=\"message\",outcome=\"given_up\"} 0",
        "addx_verdicts_total{code=\"connected\"} 1",
        "addx_deletions_total{outcome=\"deleted\"} 5",
        "addx_x_call_seconds_count{endpoint=\"/2/users/me\",answer=\"2xx\"} 1",
        "addx_queue_depth{queue=\"inbox\"} 0",
        "addx_queue_depth{queue=\"deletions\"} 0",
        "addx_oldest_deletion_seconds 0",
        "addx_database_up 1",
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "no {line}\nin\n{page}"
        );
    }
    for path in ["/healthz", "/readyz"] {
        let answer = fetch(&address, path);
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nok\n"),
            "{answer}"
        );
    }
    let id = ada.id().to_string();
    let private = [
        "ada_handle",
        "Ada",
        "seedling",
        "main",
        &id,
        world.telegram.token(),
    ];
    for word in in_order(&values).into_iter().chain(private) {
        assert!(!page.contains(word), "{word} stands in\n{page}");
    }

    let sampled: BTreeSet<&str> = named(&page);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dashboard = fs::read_to_string(manifest.join("docs/grafana.json")).unwrap();
    let operations = fs::read_to_string(manifest.join("docs/operations.md")).unwrap();
    serde_json::from_str::<serde_json::Value>(&dashboard).unwrap();
    for (file, text) in [("grafana.json", &dashboard), ("operations.md", &operations)] {
        let unknown: Vec<_> = named(text).difference(&sampled).copied().collect();
        assert_eq!(
            unknown, [""; 0],
            "{file} names what is not exported:\n{page}"
        );
    }
    // Every metric is on the dashboard, the parts of a histogram as one.
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for name in types.filter_map(|rest| rest.split(' ').next()) {
        assert!(dashboard.contains(name), "{name} is not on the dashboard");
    }
    bot.stop().await;
}

#[tokio::test]
async fn an_address_that_can_never_be_used_ends_the_start_and_names_the_variable() {
    let world = World::new(1).await;
    for (value, hint) in [
        ("nowhere", "it must be an address with a port"),
        ("127.0.0.1:70000", "it must be an address with a port"),
    ] {
        let before = world.log().len();
        let status = world.start(&[("ADDX_METRICS_ADDR", value)]).wait().await;
        assert_eq!(status.code(), Some(2), "{value}");
        let log = world.log();
        let said = log[before..].lines().last().unwrap_or_default();
        assert!(
            said.contains("ADDX_METRICS_ADDR") && said.contains(hint),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_taken_address_is_tried_again_while_telegram_is_served() {
    let world = World::new(1).await;
    let (metrics, programs) = (ReservedPort::new().unwrap(), ReservedPort::new().unwrap());
    let (metrics, programs) = (metrics.address(), programs.address());
    let taken = TcpListener::bind(programs).unwrap();
    let env = [
        ("ADDX_METRICS_ADDR", metrics.to_string()),
        ("ADDX_PROXY_ADDR", programs.to_string()),
    ];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut bot = world.start(&env);
    let ada = world.telegram.new_user("Ada", None);
    ada.say("/help");
    ada.wait_text("/privacy").await.unwrap();
    let up = |page: &str, up: u8| {
        page.contains(&format!("addx_listener_up{{listener=\"programs\"}} {up}\n"))
            && page.contains("addx_listener_up{listener=\"metrics\"} 1\n")
    };
    let metrics = address(&world).await;
    let page = fetch(&metrics, "/metrics");
    assert!(up(&page, 0), "{page}");
    let said = "the bot cannot listen for programs yet; trying again";
    assert!(world.log().contains(said), "{}", world.log());
    let mut doctor = world.program("addx");
    doctor.arg("doctor").envs(env);
    let doctor = crate::world::finished(doctor).await;
    assert!(
        doctor.out.contains("takes no connections") || doctor.out.contains("another program"),
        "{doctor:?}"
    );
    drop(taken);
    let deadline = Instant::now() + PATIENCE;
    while !world.log().contains("programs can publish here") {
        assert!(Instant::now() < deadline, "{}", world.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let page = fetch(&metrics, "/metrics");
    assert!(up(&page, 1), "{page}");
    bot.stop().await;
}

/// Ready, and not only once the first long question to Telegram has ended.
#[tokio::test]
async fn it_is_ready_within_a_second_after_telegram_answered() {
    let world = World::new(1).await;
    let mut bot = world.start(&[("ADDX_METRICS_ADDR", "127.0.0.1:0")]);
    let address = address(&world).await;
    while !world.log().contains("the bot runs") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ran = Instant::now();
    for path in ["/readyz", "/healthz"] {
        while !fetch(&address, path).ends_with("ok\n") {
            assert!(ran.elapsed() < Duration::from_secs(1), "{path}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(world.healthcheck(), Some(0));
    bot.stop().await;
}

#[tokio::test]
async fn posts_and_the_calls_of_programs_are_counted_too() {
    let world = World::new(1).await;
    let port = ReservedPort::new().unwrap();
    let proxy = port.address().to_string();
    let mut bot = world.start(&[
        ("ADDX_METRICS_ADDR", "127.0.0.1:0"),
        ("ADDX_PROXY_ADDR", &proxy),
    ]);
    let address = address(&world).await;
    let ada = world.telegram.new_user("Ada", None);
    let (_, _, values) = world.working_values("seedling");
    story::link(&ada, &values).await.unwrap();
    world.x.set_access_level(AccessLevel::Off);
    ada.say("/verify main");
    ada.wait_text("connected_permission_unknown").await.unwrap();
    let of_posts = "addx_x_call_seconds_count{endpoint=\"/2/tweets\",answer=\"2xx\"}";
    let connected = "addx_verdicts_total{code=\"connected\"}";
    let has = |line: String| {
        let page = fetch(&address, "/metrics");
        assert!(
            page.lines().any(|found| found == line),
            "no {line}\nin\n{page}"
        );
    };
    has(format!("{connected} 1"));

    // A post tells what no question could.
    ada.say("/testpost");
    ada.wait_text("Post this with").await.unwrap();
    ada.press("Post and delete").unwrap();
    ada.wait_text("it is deleted").await.unwrap();
    has(format!("{of_posts} 1"));
    has(format!("{connected} 2"));

    let accounts = world.addx(&["client", "accounts", "--json"]).await.json();
    let account = accounts[0]["id"].as_str().unwrap();
    let option = format!("--accounts={account}");
    let added = ["client", "add", "program", "--json", &option];
    let added = world.addx(&added).await.json();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let posted = http
        .post(format!("http://{proxy}/x/{account}/2/tweets"))
        .bearer_auth(added["token"].as_str().unwrap())
        .json(&json!({ "text": "hello" }))
        .send();
    assert_eq!(posted.await.unwrap().status(), 201);
    has(format!("{of_posts} 2"));
    bot.stop().await;
}
