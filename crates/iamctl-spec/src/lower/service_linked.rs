//! Roles that services of AWS have for themselves.

use iamctl_model::{Address, Resource, ServiceLinkedRole};

use super::entities::Common;
use super::{Scope, entity, values};
use crate::block::Reader;
use crate::keys;
use crate::rules::{Entity, Places};

impl Scope<'_, '_, '_> {
    pub(super) fn service_linked_roles(&mut self) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .service_linked_roles
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (name, span, node) in heads {
            let what = format!("service-linked role `{name}`");
            let found = &mut self.found;
            let Some(reader) = Reader::open(node, &keys::SERVICE_LINKED_ROLE, &what, found) else { continue };
            let mut reader = reader.reported_at(span);
            let written = reader.get("description", found);
            // An empty one is none: AWS does not tell them apart.
            let description = written.map(|node| values::description(Some(node), true, found));
            let description = description.filter(|text| !text.is_empty());
            reader.finish(found);
            let value = Resource::ServiceLinkedRole(ServiceLinkedRole { description });
            let places = Places::of(span, node);
            let common =
                Common { span, adopt: false, protect: false, renamed_from: None, ignore: Vec::new(), places };
            entities.push(entity(Address::ServiceLinkedRole(name), value, common));
        }
        entities
    }
}
