"""What requests 2.34 offers, as a list of facts: names, kinds, and parameters in their order.

"also" are the classes that a module offers though they are at home in another one. Printed by
tests/programs/collect_names.py, which looks at an installed requests from outside; a test compares
the two.
"""

from __future__ import annotations

NAMES = """\
requests.ConnectTimeout class
requests.ConnectionError class
requests.DependencyWarning class
requests.FileModeWarning class
requests.HTTPError class
requests.JSONDecodeError class
requests.NullHandler class level
requests.PreparedRequest class
requests.ReadTimeout class
requests.Request class method url headers files data params auth cookies hooks json
requests.RequestException class
requests.RequestsDependencyWarning class
requests.Response class
requests.Session class
requests.Timeout class
requests.TooManyRedirects class
requests.URLRequired class
requests.adapters module
requests.api module
requests.auth module
requests.certs module
requests.chardet_version attribute
requests.charset_normalizer_version attribute
requests.check_compatibility function urllib3_version chardet_version charset_normalizer_version
requests.codes attribute
requests.compat module
requests.cookies module
requests.delete function url **kwargs
requests.exceptions module
requests.get function url params **kwargs
requests.head function url **kwargs
requests.hooks module
requests.models module
requests.options function url **kwargs
requests.packages module
requests.patch function url data **kwargs
requests.post function url data json **kwargs
requests.put function url data **kwargs
requests.request function method url **kwargs
requests.session function
requests.sessions module
requests.status_codes module
requests.structures module
requests.utils module
adapters.BaseAdapter class
BaseAdapter.close function
BaseAdapter.send function request stream timeout verify cert proxies
adapters.DEFAULT_POOLBLOCK attribute
adapters.DEFAULT_POOLSIZE attribute
adapters.DEFAULT_POOL_TIMEOUT attribute
adapters.DEFAULT_RETRIES attribute
adapters.HTTPAdapter class pool_connections pool_maxsize max_retries pool_block
HTTPAdapter.add_headers function request **kwargs
HTTPAdapter.build_connection_pool_key_attributes function request verify cert
HTTPAdapter.build_response function req resp
HTTPAdapter.cert_verify function conn url verify cert
HTTPAdapter.close function
HTTPAdapter.config attribute
HTTPAdapter.get_connection function url proxies
HTTPAdapter.get_connection_with_tls_context function request verify proxies cert
HTTPAdapter.init_poolmanager function connections maxsize block **pool_kwargs
HTTPAdapter.max_retries attribute
HTTPAdapter.poolmanager attribute
HTTPAdapter.proxy_headers function proxy
HTTPAdapter.proxy_manager attribute
HTTPAdapter.proxy_manager_for function proxy **proxy_kwargs
HTTPAdapter.request_url function request proxies
HTTPAdapter.send function request stream timeout verify cert proxies
adapters.SOCKSProxyManager function *args **kwargs
api.delete function url **kwargs
api.get function url params **kwargs
api.head function url **kwargs
api.options function url **kwargs
api.patch function url data **kwargs
api.post function url data json **kwargs
api.put function url data **kwargs
api.request function method url **kwargs
auth.AuthBase class
auth.CONTENT_TYPE_FORM_URLENCODED attribute
auth.CONTENT_TYPE_MULTI_PART attribute
auth.HTTPBasicAuth class username password
auth.HTTPDigestAuth class username password
HTTPDigestAuth.build_digest_header function method url
HTTPDigestAuth.handle_401 function r **kwargs
HTTPDigestAuth.handle_redirect function r **kwargs
HTTPDigestAuth.init_per_thread_state function
auth.HTTPProxyAuth class username password
cookies.CookieConflictError class
cookies.MockRequest class request
MockRequest.add_header function key val
MockRequest.add_unredirected_header function name value
MockRequest.get_full_url function
MockRequest.get_header function name default
MockRequest.get_host function
MockRequest.get_new_headers function
MockRequest.get_origin_req_host function
MockRequest.get_type function
MockRequest.has_header function name
MockRequest.host attribute
MockRequest.is_unverifiable function
MockRequest.origin_req_host attribute
MockRequest.unverifiable attribute
cookies.MockResponse class headers
MockResponse.getheaders function name
MockResponse.info function
cookies.RequestsCookieJar class policy
RequestsCookieJar.copy function
RequestsCookieJar.get function name default domain path
RequestsCookieJar.get_dict function domain path
RequestsCookieJar.get_policy function
RequestsCookieJar.items function
RequestsCookieJar.iteritems function
RequestsCookieJar.iterkeys function
RequestsCookieJar.itervalues function
RequestsCookieJar.keys function
RequestsCookieJar.list_domains function
RequestsCookieJar.list_paths function
RequestsCookieJar.multiple_domains function
RequestsCookieJar.set function name value **kwargs
RequestsCookieJar.set_cookie function cookie *args **kwargs
RequestsCookieJar.update function other
RequestsCookieJar.values function
cookies.cookiejar_from_dict function cookie_dict cookiejar overwrite
cookies.create_cookie function name value **kwargs
cookies.extract_cookies_to_jar function jar request response
cookies.get_cookie_header function jar request
cookies.merge_cookies function cookiejar cookies
cookies.morsel_to_cookie function morsel
cookies.remove_cookie_by_name function cookiejar name domain path
exceptions.ChunkedEncodingError class
exceptions.ConnectTimeout class
exceptions.ConnectionError class
exceptions.ContentDecodingError class
exceptions.FileModeWarning class
exceptions.HTTPError class
exceptions.InvalidHeader class
exceptions.InvalidJSONError class
exceptions.InvalidProxyURL class
exceptions.InvalidSchema class
exceptions.InvalidURL class
exceptions.JSONDecodeError class
exceptions.MissingSchema class
exceptions.ProxyError class
exceptions.ReadTimeout class
exceptions.RequestException class
RequestException.request attribute
RequestException.response attribute
exceptions.RequestsDependencyWarning class
exceptions.RequestsWarning class
exceptions.RetryError class
exceptions.SSLError class
exceptions.StreamConsumedError class
exceptions.Timeout class
exceptions.TooManyRedirects class
exceptions.URLRequired class
exceptions.UnrewindableBodyError class
hooks.HOOKS attribute
hooks.default_hooks function
hooks.dispatch_hook function key hooks hook_data **kwargs
models.CONTENT_CHUNK_SIZE attribute
models.ITER_CHUNK_SIZE attribute
models.PreparedRequest class
PreparedRequest.body attribute
PreparedRequest.copy function
PreparedRequest.deregister_hook function event hook
PreparedRequest.headers attribute
PreparedRequest.hooks attribute
PreparedRequest.method attribute
PreparedRequest.path_url attribute
PreparedRequest.prepare function method url headers files data params auth cookies hooks json
PreparedRequest.prepare_auth function auth url
PreparedRequest.prepare_body function data files json
PreparedRequest.prepare_content_length function body
PreparedRequest.prepare_cookies function cookies
PreparedRequest.prepare_headers function headers
PreparedRequest.prepare_hooks function hooks
PreparedRequest.prepare_method function method
PreparedRequest.prepare_url function url params
PreparedRequest.register_hook function event hook
PreparedRequest.url attribute
models.Request class method url headers files data params auth cookies hooks json
Request.auth attribute
Request.cookies attribute
Request.data attribute
Request.deregister_hook function event hook
Request.files attribute
Request.headers attribute
Request.hooks attribute
Request.json attribute
Request.method attribute
Request.params attribute
Request.prepare function
Request.register_hook function event hook
Request.url attribute
models.RequestEncodingMixin class
RequestEncodingMixin.path_url attribute
models.RequestHooksMixin class
RequestHooksMixin.deregister_hook function event hook
RequestHooksMixin.register_hook function event hook
models.Response class
Response.apparent_encoding attribute
Response.close function
Response.content attribute
Response.cookies attribute
Response.elapsed attribute
Response.encoding attribute
Response.headers attribute
Response.history attribute
Response.is_permanent_redirect attribute
Response.is_redirect attribute
Response.iter_content function chunk_size decode_unicode
Response.iter_lines function chunk_size decode_unicode delimiter
Response.json function **kwargs
Response.links attribute
Response.next attribute
Response.ok attribute
Response.raise_for_status function
Response.raw attribute
Response.reason attribute
Response.request attribute
Response.status_code attribute
Response.text attribute
Response.url attribute
models.basestring attribute
sessions.DEFAULT_REDIRECT_LIMIT attribute
sessions.REDIRECT_STATI attribute
sessions.Session class
Session.adapters attribute
Session.auth attribute
Session.cert attribute
Session.close function
Session.cookies attribute
Session.delete function url **kwargs
Session.get function url params **kwargs
Session.get_adapter function url
Session.get_redirect_target function resp
Session.head function url **kwargs
Session.headers attribute
Session.hooks attribute
Session.max_redirects attribute
Session.merge_environment_settings function url proxies stream verify cert
Session.mount function prefix adapter
Session.options function url **kwargs
Session.params attribute
Session.patch function url data **kwargs
Session.post function url data json **kwargs
Session.prepare_request function request
Session.proxies attribute
Session.put function url data **kwargs
Session.rebuild_auth function prepared_request response
Session.rebuild_method function prepared_request response
Session.rebuild_proxies function prepared_request proxies
Session.request function method url params data headers cookies files auth timeout allow_redirects proxies hooks stream verify cert json
Session.resolve_redirects function resp req stream timeout verify cert proxies yield_requests **adapter_kwargs
Session.send function request **kwargs
Session.should_strip_auth function old_url new_url
Session.stream attribute
Session.trust_env attribute
Session.verify attribute
sessions.SessionRedirectMixin class
SessionRedirectMixin.get_redirect_target function resp
SessionRedirectMixin.rebuild_auth function prepared_request response
SessionRedirectMixin.rebuild_method function prepared_request response
SessionRedirectMixin.rebuild_proxies function prepared_request proxies
SessionRedirectMixin.resolve_redirects function resp req stream timeout verify cert proxies yield_requests **adapter_kwargs
SessionRedirectMixin.send function request **kwargs
SessionRedirectMixin.should_strip_auth function old_url new_url
sessions.merge_hooks function request_hooks session_hooks dict_class
sessions.merge_setting function request_setting session_setting dict_class
sessions.session function
structures.CaseInsensitiveDict class data **kwargs
CaseInsensitiveDict.copy function
CaseInsensitiveDict.lower_items function
structures.LookupDict class name
LookupDict.get function key default
LookupDict.name attribute
utils.DEFAULT_ACCEPT_ENCODING attribute
utils.DEFAULT_CA_BUNDLE_PATH attribute
utils.DEFAULT_PORTS attribute
utils.HEADER_VALIDATORS attribute
utils.NETRC_FILES attribute
utils.UNRESERVED_SET attribute
utils.add_dict_to_cookiejar function cj cookie_dict
utils.address_in_network function ip net
utils.atomic_open function filename
utils.check_header_validity function header
utils.default_headers function
utils.default_user_agent function name
utils.dict_from_cookiejar function cj
utils.dict_to_sequence function d
utils.dotted_netmask function mask
utils.extract_zipped_paths function path
utils.from_key_val_list function value
utils.get_auth_from_url function url
utils.get_encoding_from_headers function headers
utils.get_encodings_from_content function content
utils.get_environ_proxies function url no_proxy
utils.get_netrc_auth function url raise_errors
utils.get_unicode_from_response function r
utils.guess_filename function obj
utils.guess_json_utf function data
utils.integer_types attribute
utils.is_ipv4_address function string_ip
utils.is_urllib3_1 attribute
utils.is_valid_cidr function string_network
utils.iter_slices function string slice_length
utils.parse_dict_header function value
utils.parse_header_links function value
utils.parse_list_header function value
utils.prepend_scheme_if_needed function url new_scheme
utils.requote_uri function uri
utils.resolve_proxies function request proxies trust_env
utils.rewind_body function prepared_request
utils.select_proxy function url proxies
utils.set_environ function env_name value
utils.should_bypass_proxies function url no_proxy
utils.stream_decode_response_unicode function iterator r
utils.super_len function o
utils.to_key_val_list function value
utils.unquote_header_value function value is_filename
utils.unquote_unreserved function uri
utils.urldefragauth function url
also adapters CaseInsensitiveDict ConnectTimeout ConnectionError InvalidHeader InvalidProxyURL InvalidSchema InvalidURL ProxyError ReadTimeout Response RetryError SSLError
also api Response
also models CaseInsensitiveDict ChunkedEncodingError ConnectionError ContentDecodingError HTTPBasicAuth HTTPError InvalidJSONError InvalidURL MissingSchema RequestsJSONDecodeError RequestsSSLError StreamConsumedError
also sessions CaseInsensitiveDict ChunkedEncodingError ContentDecodingError HTTPAdapter InvalidSchema PreparedRequest Request RequestsCookieJar Response TooManyRedirects
also status_codes LookupDict
also utils CaseInsensitiveDict FileModeWarning InvalidHeader InvalidURL UnrewindableBodyError
"""

CODES = r"""
100 CONTINUE continue
101 SWITCHING_PROTOCOLS switching_protocols
102 EARLY-HINTS PROCESSING early-hints processing
103 CHECKPOINT checkpoint
122 REQUEST_URI_TOO_LONG request_uri_too_long
200 ALL_GOOD ALL_OK ALL_OKAY OK OKAY \o/ all_good all_ok all_okay ok okay ✓
201 CREATED created
202 ACCEPTED accepted
203 NON_AUTHORITATIVE_INFO NON_AUTHORITATIVE_INFORMATION non_authoritative_info non_authoritative_information
204 NO_CONTENT no_content
205 RESET RESET_CONTENT reset reset_content
206 PARTIAL PARTIAL_CONTENT partial partial_content
207 MULTIPLE_STATI MULTIPLE_STATUS MULTI_STATI MULTI_STATUS multi_stati multi_status multiple_stati multiple_status
208 ALREADY_REPORTED already_reported
226 IM_USED im_used
300 MULTIPLE_CHOICES multiple_choices
301 MOVED MOVED_PERMANENTLY \o- moved moved_permanently
302 FOUND found
303 OTHER SEE_OTHER other see_other
304 NOT_MODIFIED not_modified
305 USE_PROXY use_proxy
306 SWITCH_PROXY switch_proxy
307 TEMPORARY TEMPORARY_MOVED TEMPORARY_REDIRECT temporary temporary_moved temporary_redirect
308 PERMANENT_REDIRECT RESUME RESUME_INCOMPLETE permanent_redirect resume resume_incomplete
400 BAD BAD_REQUEST bad bad_request
401 UNAUTHORIZED unauthorized
402 PAYMENT PAYMENT_REQUIRED payment payment_required
403 FORBIDDEN forbidden
404 -O- -o- NOT_FOUND not_found
405 METHOD_NOT_ALLOWED NOT_ALLOWED method_not_allowed not_allowed
406 NOT_ACCEPTABLE not_acceptable
407 PROXY_AUTH PROXY_AUTHENTICATION PROXY_AUTHENTICATION_REQUIRED proxy_auth proxy_authentication proxy_authentication_required
408 REQUEST_TIMEOUT TIMEOUT request_timeout timeout
409 CONFLICT conflict
410 GONE gone
411 LENGTH_REQUIRED length_required
412 PRECONDITION_FAILED precondition_failed
413 CONTENT_TOO_LARGE REQUEST_ENTITY_TOO_LARGE content_too_large request_entity_too_large
414 REQUEST_URI_TOO_LARGE URI_TOO_LONG request_uri_too_large uri_too_long
415 MEDIA_TYPE UNSUPPORTED_MEDIA UNSUPPORTED_MEDIA_TYPE media_type unsupported_media unsupported_media_type
416 RANGE_NOT_SATISFIABLE REQUESTED_RANGE REQUESTED_RANGE_NOT_SATISFIABLE range_not_satisfiable requested_range requested_range_not_satisfiable
417 EXPECTATION_FAILED expectation_failed
418 IM_A_TEAPOT I_AM_A_TEAPOT TEAPOT i_am_a_teapot im_a_teapot teapot
421 MISDIRECTED_REQUEST misdirected_request
422 UNPROCESSABLE UNPROCESSABLE_CONTENT UNPROCESSABLE_ENTITY unprocessable unprocessable_content unprocessable_entity
423 LOCKED locked
424 DEPENDENCY FAILED_DEPENDENCY dependency failed_dependency
425 TOO_EARLY UNORDERED UNORDERED_COLLECTION too_early unordered unordered_collection
426 UPGRADE UPGRADE_REQUIRED upgrade upgrade_required
428 PRECONDITION PRECONDITION_REQUIRED precondition precondition_required
429 TOO_MANY TOO_MANY_REQUESTS too_many too_many_requests
431 FIELDS_TOO_LARGE HEADER_FIELDS_TOO_LARGE fields_too_large header_fields_too_large
444 NONE NO_RESPONSE no_response none
449 RETRY RETRY_WITH retry retry_with
450 BLOCKED_BY_WINDOWS_PARENTAL_CONTROLS PARENTAL_CONTROLS blocked_by_windows_parental_controls parental_controls
451 LEGAL_REASONS UNAVAILABLE_FOR_LEGAL_REASONS legal_reasons unavailable_for_legal_reasons
499 CLIENT_CLOSED_REQUEST client_closed_request
500 /o\ INTERNAL_SERVER_ERROR SERVER_ERROR internal_server_error server_error ✗
501 NOT_IMPLEMENTED not_implemented
502 BAD_GATEWAY bad_gateway
503 SERVICE_UNAVAILABLE UNAVAILABLE service_unavailable unavailable
504 GATEWAY_TIMEOUT gateway_timeout
505 HTTP_VERSION HTTP_VERSION_NOT_SUPPORTED http_version http_version_not_supported
506 VARIANT_ALSO_NEGOTIATES variant_also_negotiates
507 INSUFFICIENT_STORAGE insufficient_storage
509 BANDWIDTH BANDWIDTH_LIMIT_EXCEEDED bandwidth bandwidth_limit_exceeded
510 NOT_EXTENDED not_extended
511 NETWORK_AUTH NETWORK_AUTHENTICATION NETWORK_AUTHENTICATION_REQUIRED network_auth network_authentication network_authentication_required
"""
