import APIGateway
import ServiceKit

@main
struct Main {
    static func main() async {
        await ServiceMain.run(Gateway.name, keys: GatewayConfiguration.keys) { settings, common, runtime in
            try await Gateway(GatewayConfiguration(settings, common), runtime).services
        }
    }
}
