"""Authlib as a provider: authorization code with PKCE, rotating refresh tokens, revocation, and
tokens for machines (client credentials, signed assertions).

Prints its address; ends with its standard input.

    python server.py REDIRECT_URI ACCESS_TOKEN_SECONDS
"""

import os
import sys
import threading
import time
from pathlib import Path

# Loopback alone is served; Authlib otherwise insists on https.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants, list_to_scope, scope_to_list
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

REDIRECT_URI, SECONDS = sys.argv[1], int(sys.argv[2])
SCOPES = ["read", "write"]
KEY = Path(__file__).parents[3] / "libs/oauth/tests/oauth/keys/pkcs8.pem"


class Client(ClientMixin):
    client_id, secret = "confidential", "referee-client-secret-0123456789"

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return REDIRECT_URI

    def get_allowed_scope(self, scope):
        return list_to_scope([word for word in scope_to_list(scope or "") if word in SCOPES])

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == REDIRECT_URI

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_post"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token", "client_credentials", JWTBearerGrant.GRANT_TYPE)


class Code:
    def __init__(self, code, asked):
        data = asked.payload.data
        self.code, self.redirect_uri, self.scope = code, asked.payload.redirect_uri, asked.payload.scope
        self.code_challenge, self.code_challenge_method = data.get("code_challenge"), data.get("code_challenge_method")
        self.until = time.time() + 60

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Token(TokenMixin):
    def __init__(self, answer):
        self.answer, self.made, self.revoked = answer, time.time(), False

    def check_client(self, client):
        return client.client_id == CLIENT.client_id

    def get_scope(self):
        return self.answer.get("scope", "")

    def get_expires_in(self):
        return self.answer["expires_in"]

    def is_expired(self):
        return time.time() > self.made + self.get_expires_in()

    def is_revoked(self):
        return self.revoked

    def get_user(self):
        return "ada"

    def get_client(self):
        return CLIENT


CLIENT, CODES, TOKENS = Client(), {}, []


def found(text, *kinds):
    return next((token for token in TOKENS for kind in kinds if token.answer.get(kind) == text), None)


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]

    def save_authorization_code(self, code, request):
        CODES[code] = Code(code, request)

    def query_authorization_code(self, code, client):
        known = CODES.get(code)
        return known if known and known.until > time.time() else None

    def delete_authorization_code(self, authorization_code):
        CODES.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code):
        return "ada"


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        token = found(refresh_token, "refresh_token")
        return token if token and not token.revoked else None

    def authenticate_user(self, refresh_token):
        return "ada"

    def revoke_old_credential(self, refresh_token):
        refresh_token.revoked = True


class MachineGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]


class AssertionGrant(JWTBearerGrant):
    def resolve_issuer_client(self, issuer):
        return CLIENT if issuer == CLIENT.client_id else None

    def resolve_client_public_key(self, client):
        return RSAKey.import_key(KEY.read_text())

    def get_audiences(self):
        return [f"{request.host_url}token"]


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_post"]

    def query_token(self, token_string, token_type_hint):
        return found(token_string, "access_token", "refresh_token")

    def revoke_token(self, token, request):
        token.revoked = True


class Bearer(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return found(token_string, "access_token")


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = dict.fromkeys(
    ["authorization_code", "refresh_token", "client_credentials", JWTBearerGrant.GRANT_TYPE], SECONDS
)
server = AuthorizationServer(
    app, query_client=lambda id: CLIENT if id == CLIENT.client_id else None, save_token=lambda token, _: TOKENS.append(Token(token))
)
server.register_grant(CodeGrant, [CodeChallenge(required=True)])
server.register_grant(RefreshGrant)
server.register_grant(MachineGrant)
server.register_grant(AssertionGrant)
server.register_endpoint(Revocation)
protect = ResourceProtector()
protect.register_token_validator(Bearer())


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    if request.method == "GET":
        return '<title>Allow?</title><form method="post"><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>'
    grant = server.get_consent_grant(end_user="ada")
    return server.create_authorization_response(grant=grant, grant_user="ada" if request.form["decision"] == "allow" else None)


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@app.get("/me")
@protect()
def me():
    return jsonify(sub="ada")


listener = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=listener.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{listener.port}", flush=True)
sys.stdin.read()
