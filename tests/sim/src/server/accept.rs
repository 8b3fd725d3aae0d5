//! Taking connections, up to the first WebSocket message. Requests for files go to the media servers.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_websockets::{Limits, ServerBuilder, WebSocketStream};

use super::session::{self, Pass};
use crate::{
    faults::{Action, Plan, Point, Subject},
    media,
    model::{Connection, Entry, Stage},
    world::World,
};

/// Largest WebSocket message taken; a client may put several frames of 16 MiB into one.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// Takes connections until it is dropped; dropping it ends all of them.
pub(crate) async fn listen(world: Arc<World>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(Arc::clone(&world), stream, peer, tls.clone()));
                }
                // Out of descriptors, most likely: let some connections end first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(world: Arc<World>, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
    // A small stanza must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let local = stream.local_addr().unwrap_or(peer);
    let (outbox, commands) = mpsc::unbounded_channel();
    let connection = {
        let mut model = world.model.lock();
        let id = model.next_connection();
        let connection = Arc::new(Connection::new(id, (local, peer), tls.is_some(), outbox));
        model.connections.insert(id, Entry { connection: Arc::clone(&connection), stage: Stage::Handshake });
        connection
    };
    let guard = session::Guard::new(Arc::clone(&world), Arc::clone(&connection));
    world.log.note(Some(connection.id), format!("connected from {peer}"));
    let plan = Plan::of(world.faults.hit(|| Subject::at(Point::Accept, connection.id, None)));
    match session::pass(&plan).await {
        Pass::On => {}
        Pass::End => return,
        Pass::Silent => return guard.drain(stream).await,
    }
    match tls {
        None => upgrade(world, guard, commands, stream).await,
        Some(acceptor) => match timeout(world.options.handshake_timeout(), acceptor.accept(stream)).await {
            Ok(Ok(stream)) => upgrade(world, guard, commands, stream).await,
            Ok(Err(error)) => world.log.note(Some(connection.id), format!("TLS failed: {error}")),
            Err(_) => world.log.note(Some(connection.id), "no TLS in time"),
        },
    }
}

async fn upgrade<S>(
    world: Arc<World>,
    guard: session::Guard,
    commands: mpsc::UnboundedReceiver<crate::model::Command>,
    stream: S,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let id = guard.id();
    let begun = timeout(world.options.handshake_timeout(), media::begin(stream)).await;
    let mut stream = match begun {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return world.log.note(Some(id), format!("no request: {error}")),
        Err(_) => return world.log.note(Some(id), "no request in time"),
    };
    if stream.is_for_a_file() {
        // It is no connection of the chat server, and not shown as one.
        drop(guard);
        return media::serve(world, stream).await;
    }
    let plan = Plan::of(world.faults.hit(|| Subject::at(Point::Upgrade, id, None)));
    match session::pass(&plan).await {
        Pass::On => {}
        Pass::End => return,
        Pass::Silent => return guard.drain(stream).await,
    }
    if let Some(status) = plan.special.iter().find_map(|action| match action {
        Action::Http(status) => Some(*status),
        _ => None,
    }) {
        // The request is of no interest; reading some of it keeps the answer from being lost in a reset.
        let _ = stream.read(&mut [0; 4096]).await;
        let answer = format!("HTTP/1.1 {status} wa-sim\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        return;
    }
    let builder = ServerBuilder::new().limits(Limits::default().max_payload_len(Some(MAX_MESSAGE)));
    let accepted = timeout(world.options.handshake_timeout(), builder.accept(stream)).await;
    let (request, websocket): (_, WebSocketStream<media::Begun<S>>) = match accepted {
        Ok(Ok(accepted)) => accepted,
        Ok(Err(error)) => return world.log.note(Some(id), format!("no WebSocket: {error}")),
        Err(_) => return world.log.note(Some(id), "no WebSocket in time"),
    };
    world.log.note(Some(id), format!("GET {}", request.uri()));
    session::run(world, guard, commands, websocket).await;
}
