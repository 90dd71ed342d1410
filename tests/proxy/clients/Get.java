// Java reads neither the roots nor the password from the environment: both are given to it here.
import java.io.FileInputStream;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

class Get {
    public static void main(String[] args) throws Exception {
        // Since Java 8 a proxy's Basic password is for plain http only, unless this is said.
        System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
        URI proxy = URI.create(System.getenv("HTTPS_PROXY"));
        String[] user = proxy.getUserInfo().split(":");
        String held = System.getenv("NOTION_ACCESS_TOKEN");
        for (HttpClient.Version version : HttpClient.Version.values()) {
            HttpClient client = HttpClient.newBuilder()
                .version(version)
                .sslContext(trusting(System.getenv("NODE_EXTRA_CA_CERTS")))
                .proxy(ProxySelector.of(new InetSocketAddress(proxy.getHost(), proxy.getPort())))
                .authenticator(new Authenticator() {
                    @Override
                    protected PasswordAuthentication getPasswordAuthentication() {
                        return getRequestorType() == RequestorType.PROXY
                            ? new PasswordAuthentication(user[0], user[1].toCharArray()) : null;
                    }
                })
                .build();
            HttpRequest request = HttpRequest.newBuilder(URI.create("https://api.notion.test/v1/users/me"))
                .header("Authorization", "Bearer " + held)
                .build();
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(held + " " + answer.version() + " " + answer.statusCode());
        }
    }

    /** A store that holds the session's authority and nothing else. */
    static SSLContext trusting(String pem) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (FileInputStream file = new FileInputStream(pem)) {
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("authority" + store.size(), certificate);
            }
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
