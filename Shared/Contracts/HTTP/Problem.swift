import Kernel

/// An RFC 9457 problem document.
package struct Problem: Codable, Sendable, Equatable {
    package var type: String
    package var title: String
    package var status: Int
    package var detail: String
    package var instance: String?
    package var code: Fault.Code
    package var errors: [Fault.FieldError]?

    package init(_ fault: Fault, instance: String?) {
        type = "urn:omoi:problem:\(fault.code.rawValue)"
        title = fault.code.title
        status = fault.code.status
        detail = fault.message
        self.instance = instance
        code = fault.code
        errors = fault.errors.isEmpty ? nil : fault.errors
    }

    /// The fault as the server meant it.
    package var fault: Fault { Fault(code, detail, errors: errors ?? []) }
}
