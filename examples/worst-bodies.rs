//! Reads the bodies that cost the most, at three sizes, and tells how long each takes. The time must grow
//! with the size and no faster.
//!
//! ```sh
//! cargo run --release --example worst-bodies
//! ```
//!
//! With a shape's number and a size it reads that one body once, for a tool that counts instructions.

#[path = "../tests/bounds/shapes.rs"]
mod shapes;

use std::time::Instant;

use update_customer::json;
use update_customer::update::CustomerUpdate;

/// Whether the body keeps every rule.
fn read(body: &str) -> bool {
    json::parse(body.as_bytes()).is_ok_and(|(object, faults)| CustomerUpdate::parse(object, faults).is_ok())
}

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    if let [shape, size] = arguments[..] {
        println!("{}", read(&shapes::SHAPES[shape].1(size)));
        return;
    }
    println!("{:28} {:>12} {:>12} {:>12}", "microseconds for", "100 KB", "200 KB", "400 KB");
    for (name, body, _) in shapes::SHAPES {
        let times = [102_400, 204_800, 409_600].map(|size| {
            let body = body(size);
            // The fastest of some is the one that nothing else disturbed.
            let time = |_| {
                let started = Instant::now();
                read(&body);
                started.elapsed().as_micros()
            };
            (0..20).map(time).min().unwrap_or_default()
        });
        println!("{name:28} {:>12} {:>12} {:>12}", times[0], times[1], times[2]);
    }
}
