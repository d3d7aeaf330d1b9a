/// Rows in columns for people: as wide as the widest cell, the last column unpadded, long cells cut.
package struct Table: Sendable {
    private let header: [String]
    private var rows: [[String]] = []
    private let cellLength: Int

    package init(_ header: String..., cellLength: Int = 60) {
        self.header = header
        self.cellLength = cellLength
    }

    /// Adds a row with one cell per column.
    package mutating func add(_ cells: String...) {
        precondition(cells.count == header.count, "a row has one cell per column")
        rows.append(cells.map(cut))
    }

    /// One line per row, the header first; a line that says so when there are no rows.
    package func lines(empty: String) -> [String] {
        guard !rows.isEmpty else { return [empty] }
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([header] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return line
        }
    }

    /// Control characters would break the layout or the terminal.
    private func cut(_ cell: String) -> String {
        let plain = String(cell.map { $0.isNewline || $0.isControl ? " " : $0 })
        return plain.count > cellLength ? plain.prefix(cellLength - 1) + "…" : plain
    }
}

extension Character {
    fileprivate var isControl: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
