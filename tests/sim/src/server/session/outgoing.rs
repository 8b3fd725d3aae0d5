//! Stanzas to the client, in the way the rules want, as frames.

use std::{io::Write, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep},
};
use wa::{
    noise::write_frame,
    stanza::{Node, encode},
};

use super::{Ended, Flow, Session};
use crate::{
    faults::{End, Plan, Wire},
    json_node,
    log::Direction,
    model::Command,
    server::answer,
};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sends a stanza in the way the rules want.
    pub(super) async fn send(&mut self, node: Node, mut plan: Plan) -> Flow {
        if let Some(ms) = plan.delay.take() {
            let connection = Arc::clone(&self.connection);
            tokio::spawn(async move {
                sleep(Duration::from_millis(ms)).await;
                connection.command(Command::SendPlanned(node, Box::new(plan)));
            });
            return Ok(());
        }
        self.common(&plan)?;
        for json in &plan.before {
            self.put_json(json).await?;
        }
        if let Some(last) = last_words(&plan) {
            self.put(&last, &Wire::default()).await?;
            return Err(Ended::By(End::Polite));
        }
        let node = match &plan.replace {
            Some(json) => json_node::from_json(json).unwrap_or(node),
            None => node,
        };
        if !plan.drop {
            self.put(&node, &plan.wire).await?;
            if plan.duplicate {
                self.put(&node, &plan.wire).await?;
            }
            if self.world.log.is_on() && !self.silent {
                self.world.log.stanza(self.connection.id, Direction::Out, Arc::new(node));
            }
        }
        for json in &plan.after {
            self.put_json(json).await?;
        }
        plan.end_after.map_or(Ok(()), |how| Err(Ended::By(how)))
    }

    /// Applies what the rules can say about stanzas of both directions alike.
    pub(super) fn common(&mut self, plan: &Plan) -> Flow {
        if let Some(ms) = plan.close_in {
            self.close_at = Some(Instant::now() + Duration::from_millis(ms));
        }
        self.silent |= plan.silence;
        plan.end_before.map_or(Ok(()), |how| Err(Ended::By(how)))
    }

    async fn put_json(&mut self, json: &serde_json::Value) -> Flow {
        match json_node::from_json(json) {
            Ok(node) => {
                self.put(&node, &Wire::default()).await?;
                self.world.log.stanza(self.connection.id, Direction::Out, Arc::new(node));
                Ok(())
            }
            Err(why) => {
                self.world.log.note(Some(self.connection.id), format!("not sent: {why}"));
                Ok(())
            }
        }
    }

    /// Encodes and seals one stanza; it is written at the end of the turn.
    pub(super) async fn put(&mut self, node: &Node, wire: &Wire) -> Flow {
        if self.silent {
            return Ok(());
        }
        let frame = self.frame(node, wire).map_err(Ended::Gone)?;
        self.connection.count_sent();
        if wire.coalesce {
            self.with_next.extend(frame);
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.with_next);
        bytes.extend(frame);
        if wire.reorder {
            self.after_next.extend(bytes);
            return Ok(());
        }
        bytes.append(&mut self.after_next);
        match wire.split {
            None => self.link.feed(bytes).await?,
            Some(size) => {
                for piece in bytes.chunks(size) {
                    self.link.send(piece.to_vec()).await?;
                }
            }
        }
        Ok(())
    }

    /// Returns the bytes of a stanza on the wire.
    fn frame(&mut self, node: &Node, wire: &Wire) -> Result<Vec<u8>, String> {
        let from_base64 = |text: &String| STANDARD.decode(text).map_err(|error| error.to_string());
        let mut plaintext = match &wire.plaintext {
            Some(text) => from_base64(text)?,
            None => encode(node).map_err(|error| error.to_string())?,
        };
        if wire.compress {
            plaintext = compressed(&plaintext).map_err(|error| error.to_string())?;
        }
        let mut body = match &wire.frame {
            Some(text) => from_base64(text)?,
            None => self.transport.seal(&plaintext).map_err(|error| error.to_string())?,
        };
        if wire.garble
            && let Some(byte) = body.last_mut()
        {
            *byte ^= 1;
        }
        if wire.truncate {
            body.pop();
        }
        let mut frame = Vec::with_capacity(body.len() + 3);
        write_frame(&mut frame, &body).map_err(|error| error.to_string())?;
        if wire.replay {
            frame.extend_from_within(..);
        }
        Ok(frame)
    }
}

/// Returns the stanza with which a rule ends the stream.
pub(super) fn last_words(plan: &Plan) -> Option<Node> {
    if let Some(attrs) = &plan.failure {
        let node = Node::new("failure");
        return Some(attrs.iter().fold(node, |node, (key, value)| node.attr(key.as_str(), value.clone())));
    }
    let (code, conflict, child) = plan.stream_error.as_ref()?;
    Some(answer::stream_error(code.as_deref(), conflict.as_deref(), child.as_deref()))
}

/// Returns the compressed form of an encoded stanza: flag byte 02, then zlib of what followed the flag byte.
fn compressed(plaintext: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(vec![2], flate2::Compression::default());
    encoder.write_all(plaintext.get(1..).unwrap_or_default())?;
    encoder.finish()
}
