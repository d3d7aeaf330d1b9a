import Kernel

/// Tasks and what they wait for. Pure; tasks are named by their position in ``tasks``.
struct TaskGraph: Sendable {
    struct Task: Sendable {
        let id: Identifier
        let dependsOn: [Identifier]
        let isComplete: Bool

        init(id: Identifier, dependsOn: [Identifier] = [], isComplete: Bool = false) {
            self.id = id
            self.dependsOn = dependsOn
            self.isComplete = isComplete
        }
    }

    let tasks: [Task]
    /// What each task waits for, as far as it is in the graph; the order is the task's own.
    let prerequisites: [[Int]]
    /// What waits for each task, in the order of ``tasks``.
    let dependents: [[Int]]
    private let incomplete: [Bool]

    /// - Parameter tasks: each id once; a dependency on a task that is not among them counts as not completed.
    init(_ tasks: [Task]) {
        self.tasks = tasks
        var positions: [Identifier: Int] = [:]
        positions.reserveCapacity(tasks.count)
        for (position, task) in tasks.enumerated() { positions[task.id] = position }
        var prerequisites: [[Int]] = []
        prerequisites.reserveCapacity(tasks.count)
        var dependents = [[Int]](repeating: [], count: tasks.count)
        var incomplete = [Bool](repeating: false, count: tasks.count)
        for (position, task) in tasks.enumerated() {
            let known = task.dependsOn.compactMap { positions[$0] }
            for prerequisite in known { dependents[prerequisite].append(position) }
            incomplete[position] = known.count < task.dependsOn.count || known.contains { !tasks[$0].isComplete }
            prerequisites.append(known)
        }
        self.prerequisites = prerequisites
        self.dependents = dependents
        self.incomplete = incomplete
    }

    /// Whether an unfinished task waits for another.
    func isBlocked(_ position: Int) -> Bool { !tasks[position].isComplete && incomplete[position] }

    /// The longest chain of tasks each of which waits for the one before; of several the one whose end, and then whose
    /// predecessors, have the smallest ids. Tasks on a cycle, which the owner never lets arise, are left out.
    ///
    /// - Parameter isIncluded: which tasks count.
    func criticalPath(where isIncluded: (Int) -> Bool = { _ in true }) -> [Int] {
        let included = tasks.indices.map(isIncluded)
        var waiting = prerequisites.map { list in list.count { included[$0] } }
        // Length of the longest chain that ends here, and the task before this one on it.
        var length = [Int](repeating: 1, count: tasks.count)
        var previous = [Int?](repeating: nil, count: tasks.count)
        var ready = tasks.indices.filter { included[$0] && waiting[$0] == 0 }
        var next = 0
        while next < ready.count {
            let position = ready[next]
            next += 1
            for dependent in dependents[position] where included[dependent] {
                let isLonger = length[position] + 1 > length[dependent]
                let isEqual = length[position] + 1 == length[dependent]
                let isEarlier = previous[dependent].map { tasks[position].id < tasks[$0].id } ?? true
                if isLonger || isEqual && isEarlier {
                    length[dependent] = length[position] + 1
                    previous[dependent] = position
                }
                waiting[dependent] -= 1
                if waiting[dependent] == 0 { ready.append(dependent) }
            }
        }
        let end = ready.min { left, right in
            length[left] != length[right] ? length[left] > length[right] : tasks[left].id < tasks[right].id
        }
        var path: [Int] = []
        var position = end
        while let current = position {
            path.append(current)
            position = previous[current]
        }
        return path.reversed()
    }
}
