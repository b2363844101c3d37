// What the core hands out as JavaScript values: batches and details. The shapes are those of
// lib/native-seam.ts.
#pragma once

#include <functional>

#include "binding/napi-include.h"
#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/endpoint/association.h"

namespace native_dtls {

// Added to the handle of a datagram that goes to where its peer seems to be: beyond every handle.
inline constexpr double kToCandidate = 4294967296.0;

// Of a send for which the socket's queue has no room, as one of the send errors.
inline constexpr int kSendQueueFull = -6;

// Finds the peer of a handle; null where there is none.
using PathLookup = std::function<const Path*(Handle)>;

// What the outbox holds, as a Batch; undefined when it holds nothing but messages. Those go to the slab.
// `candidate_of` finds where a peer that moves is going.
Napi::Value BatchOf(Napi::Env env, const Outbox& outbox, const PathLookup& path_of,
                    const PathLookup& candidate_of);

// Address, port and family; undefined for null.
Napi::Value PeerOf(Napi::Env env, const Path* path);

// 0, or a Batch of what it made happen beside the datagram, which is in the slab; or one of the send errors.
// The datagram is taken out of the outbox.
Napi::Value SendResultOf(Napi::Env env, Association::SendResult result, Outbox& outbox);

Napi::Value InfoOf(Napi::Env env, const Association& association);
Napi::Value TrafficOf(Napi::Env env, const Association& association);

// What a client resumes its session with; undefined when there is none.
Napi::Value ClientSessionOf(Napi::Env env, const Association& association);

// Whether bytes are what a client resumes a session with.
Napi::Value IsClientSession(const Napi::CallbackInfo& info);

// A Buffer of `length` bytes; undefined when they cannot be had.
Napi::Value KeyingMaterialOf(Napi::Env env, const Association& association, uint32_t length,
                             const std::string& label, std::optional<ByteView> context);

// Object of name to number, for the enumerations that lib reads.
Napi::Object EventKindsOf(Napi::Env env);
Napi::Object CloseReasonsOf(Napi::Env env);
Napi::Object KeyLimitsOf(Napi::Env env);
Napi::Object ErrorKindsOf(Napi::Env env);
Napi::Object SendErrorsOf(Napi::Env env);
Napi::Object RestoreErrorsOf(Napi::Env env);

Napi::Array BuffersOf(Napi::Env env, const std::vector<Bytes>& list);
Napi::Array StringsOf(Napi::Env env, const std::vector<std::string>& strings);

}  // namespace native_dtls
