//! `/addx`, from the first card to X's verdict.

use crate::harness::{World, link};

#[tokio::test]
async fn four_values_that_x_accepts_make_a_connected_account() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let result = link(&person, "main", &values).await;

    assert!(
        result.text.contains("main is connected as @seedling"),
        "{}",
        result.text
    );
    assert!(result.text.ends_with("connected"), "{}", result.text);
    println!("{}", person.chat());
    world.stop_bot().await;
}
