// Options of the core out of JavaScript's objects of options, in the ranges that lib/native-seam.ts names.
#pragma once

#include <memory>

#include "binding/arguments.h"
#include "core/endpoint/association.h"
#include "core/endpoint/endpoint.h"
#include "io/udp_socket.h"

namespace native_dtls {

std::shared_ptr<const AssociationOptions> AssociationOptionsOf(OptionObject object);

// `association`: of those that clients begin.
ListenOptions ListenOptionsOf(OptionObject object, std::shared_ptr<const Context> context,
                              std::shared_ptr<const AssociationOptions> association);

ContextOptions ContextOptionsOf(OptionObject object);

// Of the socket of an endpoint's own, but for its addresses.
UdpOptions UdpOptionsOf(OptionObject& object);

}  // namespace native_dtls
