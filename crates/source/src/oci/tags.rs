//! Tags: listed page by page, filtered, and the newest one in a range.

use std::collections::HashSet;

use regex::Regex;
use reqwest::{Response, Url, header::LINK};
use serde::Deserialize;

use super::{
    Problem,
    answer::{Ask, same_origin},
    name::is_tag,
    retry::retried,
    session::Session,
};
use crate::semver::{Range, newest};

/// Tags of a page; some registries refuse more.
const PAGE: usize = 1_000;

/// Pages of a list; a registry with more tags is asked for a tag.
const PAGES: usize = 200;

/// Bytes of a page.
const LONGEST: usize = 4 << 20;

/// Tags that an error names.
const SHOWN: usize = 5;

/// The media type of Helm charts, whose tags have `_` for the `+` of versions.
pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// Returns the newest tag in a range, of those that fit the filter.
pub(super) async fn newest_in(
    session: &Session,
    range: &str,
    filter: &str,
    media_type: Option<&str>,
) -> Result<String, Problem> {
    let filter = Regex::new(filter).map_err(|error| Problem::Filter(filter.to_owned(), Box::new(error)))?;
    let parsed = Range::parse(range)?;
    let tags = list(session, &filter).await?;
    let chosen = choose(&parsed, &tags, media_type);
    chosen.ok_or_else(|| Problem::NoVersion {
        range: range.to_owned(),
        existing: tags.into_iter().rev().take(SHOWN).collect(),
    })
}

fn choose(range: &Range, tags: &[String], media_type: Option<&str>) -> Option<String> {
    if media_type != Some(CHART) {
        return newest(range, tags.iter().map(String::as_str)).map(ToOwned::to_owned);
    }
    let versions: Vec<String> = tags.iter().map(|tag| tag.replace('_', "+")).collect();
    newest(range, versions.iter().map(String::as_str)).map(|version| version.replace('+', "_"))
}

async fn list(session: &Session, filter: &Regex) -> Result<Vec<String>, Problem> {
    let mut url = session.url(&format!("tags/list?n={PAGE}")).await?;
    let (mut tags, mut seen) = (Vec::new(), HashSet::new());
    loop {
        let ask = Ask::get(url.clone(), "application/json");
        if !seen.insert(url.clone()) || seen.len() > PAGES {
            return Err(ask.protocol(format!("the list of tags has no end, or more than {PAGES} pages")));
        }
        let (page, next) = retried(|| read(session, &ask)).await?;
        tags.extend(page.into_iter().filter(|tag| is_tag(tag) && filter.is_match(tag)));
        match next {
            Some(next) => url = next,
            None => return Ok(tags),
        }
    }
}

async fn read(session: &Session, ask: &Ask) -> Result<(Vec<String>, Option<Url>), Problem> {
    let response = session.send(ask).await?;
    let next = next(&ask.url, &response).map_err(|problem| ask.protocol(problem))?;
    let bytes = ask.body(response, LONGEST).await?;
    let page: Page =
        serde_json::from_slice(&bytes).map_err(|error| ask.protocol(format!("the tags cannot be read: {error}")))?;
    Ok((page.tags.unwrap_or_default(), next))
}

fn next(page: &Url, response: &Response) -> Result<Option<Url>, String> {
    let links = response.headers().get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    links.map(|link| target(page, link)).find(|found| !matches!(found, Ok(None))).unwrap_or(Ok(None))
}

/// Reads `</v2/…?last=…>; rel="next"`. It must stay at the registry.
fn target(page: &Url, link: &str) -> Result<Option<Url>, String> {
    let odd = || format!("the link to the next page cannot be read: `{}`", link.escape_default());
    let (to, parameters) = link.trim().strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or_else(odd)?;
    let relation = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("rel="));
    if relation.is_some_and(|relation| relation.trim_matches('"') != "next") {
        return Ok(None);
    }
    let url = page.join(to).map_err(|_| odd())?;
    match same_origin(page, &url) {
        true => Ok(Some(url)),
        false => Err(format!("the next page is at another host, `{}`", url.host_str().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn chosen(range: &str, tags: &[&str], media_type: Option<&str>) -> Option<String> {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        choose(&Range::parse(range).unwrap(), &tags, media_type)
    }

    #[rstest]
    #[case(">=1.0.0", &["1.0.0", "v1.10.0", "1.9.0", "latest", "2.0.0-rc.1"], None, Some("v1.10.0"))]
    #[case("1.x", &["1.0.0_a", "0.9.0"], None, None)]
    #[case("1.x", &["1.0.0_a", "1.0.0_b"], Some(CHART), Some("1.0.0_b"))]
    #[case("3.x", &["1.0.0"], None, None)]
    fn the_newest_tag_of_a_range_is_chosen(
        #[case] range: &str,
        #[case] tags: &[&str],
        #[case] media_type: Option<&str>,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(chosen(range, tags, media_type).as_deref(), expected);
    }

    #[rstest]
    #[case("</v2/a/tags/list?last=b>; rel=\"next\"", Ok(Some("https://r/v2/a/tags/list?last=b")))]
    #[case("<https://r:443/x>", Ok(Some("https://r/x")))]
    #[case("<?token=a%2Fb>; rel=next", Ok(Some("https://r/v2/a/tags/list?token=a%2Fb")))]
    #[case("</first>; rel=\"first\"", Ok(None))]
    #[case("<https://other/x>; rel=\"next\"", Err("at another host, `other`"))]
    #[case("<http://r/x>; rel=\"next\"", Err("at another host"))]
    #[case("/x", Err("cannot be read"))]
    fn a_link_leads_to_the_next_page(#[case] link: &str, #[case] expected: Result<Option<&str>, &str>) {
        let page = Url::parse("https://r/v2/a/tags/list?n=1000").unwrap();
        match (target(&page, link), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.as_ref().map(Url::as_str), expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, _) => panic!("{found:?}"),
        }
    }
}
