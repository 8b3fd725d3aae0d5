//! The simulated WhatsApp in a process of its own, and its phones.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wa_sim::{Options, Simulator};

use super::Failure;

/// The number of devices that a phone links.
const DEVICES: usize = 4;

/// The address of the simulator, as it names it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) ws: String,
    pub(crate) wss: String,
    pub(crate) control: String,
    pub(crate) root_key: String,
    pub(crate) ca_pem: String,
}

/// A simulator that ends with this value.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: Address,
}

/// Is the simulator until standard input is closed.
pub(crate) fn run() -> Result<(), Failure> {
    super::native::many_files()?;
    let options = Options { unpaired_lifetime_ms: 0, log_limit: 0, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let handle = runtime.block_on(Simulator::start(options))?;
    println!("{}", serde_json::to_string(handle.started())?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

impl Server {
    pub(crate) fn start() -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("simulator")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(Self { process, address: serde_json::from_str(&line)? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself; not leaving it behind is all that matters.
        let _ = self.process.wait();
    }
}

impl Address {
    /// Makes phones for so many sessions.
    pub(crate) fn add_phones(&self, sessions: usize) -> Result<(), Failure> {
        for phone in 0..sessions.div_ceil(DEVICES) {
            let (number, name) = (number(phone * DEVICES), format!("Phone {phone}"));
            self.post("/phones", &json!({ "number": number, "name": name }))?;
        }
        Ok(())
    }

    /// Lets the phone of that session scan a QR, and waits until the device is linked.
    pub(crate) fn scan(&self, session: usize, payload: &str) -> Result<(), Failure> {
        let answer = self.post(&format!("/phones/{}/scan", number(session)), &json!({ "qr": payload }))?;
        if answer["outcome"] == "linked" { Ok(()) } else { Err(format!("a phone says {answer}").into()) }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let host = self.control.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
        Ok(serde_json::from_str(body)?)
    }
}

/// The number of the phone that a session belongs to.
pub(crate) fn number(session: usize) -> String {
    format!("1555{:07}", session / DEVICES)
}
