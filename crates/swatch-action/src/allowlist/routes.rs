//! The gateways of all routing tables, every next hop of multipath routes included.
//!
//! `/proc/net/route` shows the main table only, and of each route the first next hop. So the kernel
//! is asked for its routes over netlink (rtnetlink(7)), which needs no rights.

use std::{
    io,
    net::IpAddr,
    time::{Duration, Instant},
};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    route::{RouteAddress, RouteAttribute, RouteMessage, RouteVia},
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// A router with the routes of the whole internet has a million of them, but few next hops: these
/// are known long before the last route.
const PATIENCE: Duration = Duration::from_millis(300);

/// The addresses that packets are handed to, each once.
pub(super) fn gateways() -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = [AddressFamily::Inet, AddressFamily::Inet6]
        .into_iter()
        .flat_map(|family| of_family(family).unwrap_or_default())
        .filter(|address| !address.is_unspecified())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn of_family(family: AddressFamily) -> io::Result<Vec<IpAddr>> {
    let begun = Instant::now();
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut question = RouteMessage::default();
    question.header.address_family = family;
    let mut message = NetlinkMessage::from(RouteNetlinkMessage::GetRoute(question));
    message.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let mut found = Vec::new();
    while begun.elapsed() < PATIENCE {
        let (answer, _) = socket.recv_from_full()?;
        let mut rest = &answer[..];
        while rest.len() >= 4 {
            let length = u32::from_ne_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
            // Messages are padded to four bytes.
            let next = length.next_multiple_of(4).clamp(4, rest.len());
            // A route that this parser does not know is not worth losing the others.
            if let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest) {
                match message.payload {
                    NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewRoute(route)) => {
                        collect(&route.attributes, &mut found);
                    }
                    NetlinkPayload::Done(_) | NetlinkPayload::Error(_) => return Ok(found),
                    _ => {}
                }
            }
            rest = &rest[next..];
        }
        found.sort_unstable();
        found.dedup();
    }
    Ok(found)
}

fn collect(attributes: &[RouteAttribute], found: &mut Vec<IpAddr>) {
    for attribute in attributes {
        match attribute {
            RouteAttribute::Gateway(RouteAddress::Inet(four)) => found.push((*four).into()),
            RouteAttribute::Gateway(RouteAddress::Inet6(six)) => found.push((*six).into()),
            RouteAttribute::Via(RouteVia::Inet(four)) => found.push((*four).into()),
            RouteAttribute::Via(RouteVia::Inet6(six)) => found.push((*six).into()),
            RouteAttribute::MultiPath(hops) => {
                for hop in hops {
                    collect(&hop.attributes, found);
                }
            }
            _ => {}
        }
    }
}
