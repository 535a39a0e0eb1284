//! Orders by hand: `lock --fleet` and `unlock --fleet`.

use ipnet::IpNet;

use super::{
    FleetError,
    call::{self, Published},
    engine::Engine,
    entry::{Kind, UNLOCK, new_id},
    host_name,
    item::{Item, Order},
    key::Keys,
    now_ms, report,
    store::Store,
};
use crate::{console::Console, network, settings::Settings, subcommand::Outcome};

/// The longest wait for the engine, where a person waits.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A lock that was made by hand.
pub(crate) struct ByHand {
    pub(crate) net: IpNet,
    /// Seconds.
    pub(crate) left: u64,
    pub(crate) rule: String,
    pub(crate) reason: String,
}

/// Tells the fleet of locks that were made by hand.
pub(crate) fn publish_by_hand(
    settings: &Settings,
    locks: Vec<ByHand>,
    console: &mut Console<'_>,
) -> Outcome {
    let mut sender = Sender::new(settings)?;
    let mut told = 0;
    for lock in locks {
        let order = Order {
            id: new_id().map_err(FleetError::Random)?,
            kind: Kind::Lock,
            net: lock.net,
            length: lock.left.saturating_mul(1000),
            count: 0,
            rule: lock.rule,
            reason: lock.reason,
        };
        match sender.send(order)? {
            Published::As(_) => told += 1,
            Published::Not(why) => console.note(&format!(
                "the fleet is not told of {}: {why}",
                network::text(lock.net)
            )),
        }
    }
    writeln!(console.out(), "{told} published to the fleet")?;
    Ok(())
}

/// Ends every lock of the fleet inside a network, or all for `None`, on all hosts but this one.
/// `here` are networks that were unlocked on this host. Returns the number of unlocks published.
pub(crate) fn unlock(
    settings: &Settings,
    target: Option<IpNet>,
    here: &[IpNet],
    console: &mut Console<'_>,
) -> Result<usize, crate::subcommand::CommandError> {
    let mut sender = Sender::new(settings)?;
    let counted = target
        .filter(|&net| network::is_single(net))
        .map(|net| settings.network_of(net.addr()));
    let is_meant =
        |net: IpNet| target.is_none_or(|target| target.contains(&net)) || counted == Some(net);
    let mut nets: Vec<IpNet> = report::locked(settings, &mut sender.engine)?
        .into_iter()
        .filter(|&net| is_meant(net))
        .collect();
    nets.extend(here.iter().filter(|&&net| is_meant(net)));
    nets.sort_unstable();
    nets.dedup();
    for &net in &nets {
        let order = Order {
            id: new_id().map_err(FleetError::Random)?,
            kind: Kind::Unlock,
            net,
            length: UNLOCK * 1000,
            count: 0,
            rule: "hand".to_owned(),
            reason: "unlocked by hand".to_owned(),
        };
        let told = sender.send(order)?;
        let name = network::text(net);
        match told {
            Published::As(_) => writeln!(console.out(), "{name} unlocked for the fleet")?,
            Published::Not(why) => {
                console.warn(&format!("{name} is not unlocked for the fleet: {why}"))
            }
        }
    }
    let store = Store::open(&settings.state_dir).map_err(FleetError::Store)?;
    store
        .advance(&settings.fleet.group, None, &[], &nets, crate::date::now())
        .map_err(FleetError::Store)?;
    Ok(nets.len())
}

struct Sender<'a> {
    settings: &'a Settings,
    engine: Engine,
    keys: Keys,
    host: String,
    store: Store,
}

impl<'a> Sender<'a> {
    fn new(settings: &'a Settings) -> Result<Self, FleetError> {
        let fleet = &settings.fleet;
        if !fleet.is_set() {
            return Err(FleetError::NotSet);
        }
        if !fleet.role.speaks() {
            return Err(FleetError::OnlyListens);
        }
        Ok(Self {
            settings,
            engine: Engine::new(fleet, PATIENCE),
            keys: Keys::read(&fleet.key_file)?,
            host: host_name(settings)?,
            store: Store::open(&settings.state_dir)?,
        })
    }

    /// Publishes an order; while the engine is away, it waits in the queue.
    fn send(&mut self, order: Order) -> Result<Published, FleetError> {
        let group = &self.settings.fleet.group;
        let told = call::publish(
            &mut self.engine,
            self.settings,
            &self.keys,
            &self.host,
            (&order, 0),
            PATIENCE,
        );
        match told {
            Ok(published) => {
                if order.kind == Kind::Lock && published != Published::Not("over".into()) {
                    let left = i64::try_from(order.length / 1000).unwrap_or(i64::MAX);
                    let until = crate::date::now().saturating_add(left);
                    self.store
                        .keep_own(group, order.net, until, &Item::Order(order))?;
                }
                Ok(published)
            }
            Err(error) => {
                self.store.push(group, now_ms(), &Item::Order(order))?;
                super::away::note(self.settings, &error.to_string(), now_ms());
                Err(error.into())
            }
        }
    }
}
