import EventRelay
import ServiceKit

/// The event relay as a process.
@main
struct Main {
    static func main() async {
        await ServiceMain.run(Relay.service, keys: RelayConfiguration.keys) { settings, common, runtime in
            let configuration = try RelayConfiguration(settings, bind: common.bind)
            return try await Relay(configuration, common: common, runtime: runtime).services()
        }
    }
}
