import Contracts
import Kernel
import Testing

@testable import Orchestrator

@Suite struct SlotsTests {
    @Test func `a slot is taken once and given back once`() {
        var slots = Slots(total: 2)
        let (a, b, c) = (Identifier.make(), Identifier.make(), Identifier.make())
        let taken = [a, a, b, c].map { slots.take($0) }
        #expect(taken == [true, false, true, false])
        #expect(slots.capacity == Capacity(slots: 2, used: 2))
        let released = [a, a].map { slots.release($0) }
        #expect(released == [true, false])
        #expect(slots.free == 1)
        let again = slots.take(c)
        #expect(again)
    }

    @Test func `sandboxes found after a restart with fewer slots count, and none is free until they are gone`() {
        var slots = Slots(total: 1)
        let (a, b) = (Identifier.make(), Identifier.make())
        slots.occupy(a)
        slots.occupy(b)
        #expect(slots.free == 0)
        #expect(slots.capacity == Capacity(slots: 1, used: 2))
        slots.release(a)
        #expect(slots.free == 0)
        slots.release(b)
        #expect(slots.free == 1)
    }
}
