#pragma once

namespace breadthflow::base {

// Lets the C library keep what is freed, up to 64 MB for each of its arenas, instead of handing it back at once: the
// columns of one series after the other then take the same pages, and taking fresh ones costs as much as decoding into
// them. Blocks from 4 MB on go back at once, so that a large result leaves nothing behind. For the start of a program;
// does nothing where the C library is not glibc.
void KeepFreedMemory();

}  // namespace breadthflow::base
