use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::get,
};
use rstest::rstest;
use sluice_source::{Limits, download::Downloads};
use tokio::net::TcpListener;

/// A server of files; `/who` tells who asks.
async fn serve() -> String {
    let who = |headers: HeaderMap| async move {
        headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("nobody").to_owned()
    };
    let router = Router::new()
        .route("/a.yaml", get(|| async { "kind: A\n" }))
        .route("/who", get(who))
        .route("/moved", get(|| async { Redirect::temporary("/a.yaml") }))
        .route("/circle", get(|| async { Redirect::temporary("/circle") }))
        .route("/elsewhere", get(|| async { Redirect::temporary("file:///a.yaml") }))
        .route("/private", get(|| async { StatusCode::FORBIDDEN }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
    address
}

async fn download(url: &str) -> Result<String, String> {
    let url = url.replace("HOST", &serve().await);
    let file = Downloads::default().get(&url, &Limits { file: 20, ..Limits::git() }).await;
    file.map(|file| String::from_utf8_lossy(&file).into_owned()).map_err(|error| error.to_string())
}

#[rstest]
#[case::file("http://HOST/a.yaml", "kind: A\n")]
#[case::moved("http://HOST/moved", "kind: A\n")]
#[case::nobody("http://HOST/who", "nobody")]
#[case::somebody("http://a:b@HOST/who", "Basic YTpi")]
#[tokio::test]
async fn a_file_is_read(#[case] url: &str, #[case] contents: &str) {
    assert_eq!(download(url).await, Ok(contents.to_owned()));
}

#[rstest]
#[case::missing("http://HOST/none", "the server answered 404 Not Found")]
#[case::forbidden("http://HOST/private", "the server answered 403 Forbidden")]
#[case::circle("http://HOST/circle", "the server redirected more than 10 times")]
#[case::scheme("file:///a.yaml", "it is no URL that begins with `https://` or `http://`")]
#[case::redirected_to_another_scheme("http://HOST/elsewhere", "it is no URL that begins with `https://` or `http://`")]
#[case::nobody_there("http://127.0.0.1:1/a.yaml", "the server does not answer")]
#[tokio::test]
async fn what_is_no_file_is_refused(#[case] url: &str, #[case] words: &str) {
    assert_eq!(download(url).await, Err(words.to_owned()));
}

#[tokio::test]
async fn a_large_file_is_refused_without_credentials_in_the_text() {
    let url = format!("http://user:hunter2@{}/who", serve().await);
    let file = Downloads::default().get(&url, &Limits { file: 5, ..Limits::git() }).await;
    let refusal = file.unwrap_err().to_string();
    assert!(refusal.contains("/who`: the file is larger than 5 B") && !refusal.contains("hunter2"), "{refusal}");
}
