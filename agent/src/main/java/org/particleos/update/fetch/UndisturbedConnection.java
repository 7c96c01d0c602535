package org.particleos.update.fetch;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.apache.hc.client5.http.io.ManagedHttpClientConnection;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.EndpointDetails;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.ProtocolVersion;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is not used a second time when something came that nobody asked for: a server
 * that sends more than it declared would answer the next request with the rest.
 */
record UndisturbedConnection(ManagedHttpClientConnection connection)
    implements ManagedHttpClientConnection {
  /**
   * What is on its way on this machine arrives within that; the check is made before each reuse.
   */
  private static final Timeout GLANCE = Timeout.ofMilliseconds(1);

  @Override
  public boolean isStale() throws IOException {
    return !connection.isOpen() || connection.isDataAvailable(GLANCE) || connection.isStale();
  }

  // --- the rest is the connection's own

  @Override
  public boolean isDataAvailable(Timeout timeout) throws IOException {
    return connection.isDataAvailable(timeout);
  }

  @Override
  public void bind(Socket socket) throws IOException {
    connection.bind(socket);
  }

  @Override
  public void bind(SSLSocket encrypted, Socket socket) throws IOException {
    connection.bind(encrypted, socket);
  }

  @Override
  public @Nullable Socket getSocket() {
    return connection.getSocket();
  }

  @Override
  public @Nullable SSLSession getSSLSession() {
    return connection.getSSLSession();
  }

  @Override
  public void passivate() {
    connection.passivate();
  }

  @Override
  public void activate() {
    connection.activate();
  }

  @Override
  public boolean isConsistent() {
    return connection.isConsistent();
  }

  @Override
  public void sendRequestHeader(ClassicHttpRequest request) throws HttpException, IOException {
    connection.sendRequestHeader(request);
  }

  @Override
  public void terminateRequest(ClassicHttpRequest request) throws HttpException, IOException {
    connection.terminateRequest(request);
  }

  @Override
  public void sendRequestEntity(ClassicHttpRequest request) throws HttpException, IOException {
    connection.sendRequestEntity(request);
  }

  @Override
  public ClassicHttpResponse receiveResponseHeader() throws HttpException, IOException {
    return connection.receiveResponseHeader();
  }

  @Override
  public void receiveResponseEntity(ClassicHttpResponse response)
      throws HttpException, IOException {
    connection.receiveResponseEntity(response);
  }

  @Override
  public void flush() throws IOException {
    connection.flush();
  }

  @Override
  public @Nullable EndpointDetails getEndpointDetails() {
    return connection.getEndpointDetails();
  }

  @Override
  public @Nullable SocketAddress getLocalAddress() {
    return connection.getLocalAddress();
  }

  @Override
  public @Nullable SocketAddress getRemoteAddress() {
    return connection.getRemoteAddress();
  }

  @Override
  public @Nullable ProtocolVersion getProtocolVersion() {
    return connection.getProtocolVersion();
  }

  @Override
  public boolean isOpen() {
    return connection.isOpen();
  }

  @Override
  public Timeout getSocketTimeout() {
    return connection.getSocketTimeout();
  }

  @Override
  public void setSocketTimeout(Timeout timeout) {
    connection.setSocketTimeout(timeout);
  }

  @Override
  public void close() throws IOException {
    connection.close();
  }

  @Override
  public void close(CloseMode mode) {
    connection.close(mode);
  }
}
