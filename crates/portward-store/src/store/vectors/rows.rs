use portward::Now;
use portward_test_vectors::Held;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use super::scratch::{Scratch, bound, insert, stored, write};
use super::{Case, Outcome, code, record_code};
use crate::database::record::{self, Record};
use crate::store::rows::{ChainRow, ChangeRow, EventRow, FeedRow, LinkRow, RedemptionRow};

pub(super) async fn row_read(case: &Case<'_>) -> Outcome {
    let row = selected(&stored(case.value)).await;
    match case.text("table") {
        "link" => believed::<LinkRow>(case, &row),
        "chain" => believed::<ChainRow>(case, &row),
        "redemption" => believed::<RedemptionRow>(case, &row),
        "link_event" => believed::<EventRow>(case, &row),
        "feed" => believed::<FeedRow>(case, &row),
        "feed_change" => believed::<ChangeRow>(case, &row),
        table => panic!("unknown table {table}"),
    }
}

fn believed<R: Record>(case: &Case<'_>, row: &AnyRow) -> Outcome {
    record::read::<R>(row, &case.keyring()).map(|_| json!({})).map_err(record_code)
}

/// The row as a database gives it, without the constraints of a table.
async fn selected(row: &[(String, Held)]) -> AnyRow {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect("sqlite::memory:").await.unwrap();
    let columns: Vec<_> = row.iter().zip(1..).map(|((name, _), place)| format!("${place} AS \"{name}\"")).collect();
    let sql = format!("SELECT {}", columns.join(", "));
    bound(sqlx::query(AssertSqlSafe(sql)), row).fetch_one(&mut connection).await.unwrap()
}

pub(super) async fn link_show(case: &Case<'_>) -> Outcome {
    let (scratch, row) = (Scratch::new(), stored(case.value));
    let store = scratch.store(&case.deployment(), &case.keyring(), Now::default()).await;
    write(&store.inner.feed.database, async |work| insert(case.text("table"), &row, work).await).await;
    let (Held::Text(tenant), Held::Bytes(id)) = (&row[0].1, &row[1].1) else {
        panic!("no key in {}", case.value["id"])
    };
    let shown = store.show(tenant.parse().unwrap(), id.as_slice().try_into().unwrap()).await.map_err(code)?;
    Ok(json!({ "token": shown.text() }))
}
