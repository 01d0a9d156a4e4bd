#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| update_customer_fuzz::stored_item(data));
